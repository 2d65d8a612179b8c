// The optimisers' update rules, one value at a time. impl/reference/recommender/parameter.hpp has the formulas.
//
// Deterministic: a value's new state depends on its old one and its gradient alone. Tolerance: a few eps.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/device/kernel_language.hpp"
#include "impl/cuda/kernels/adam.hpp"

namespace frugal::cuda {

struct UpdateRule {
  OptimizerKind kind;
  Adam adam;  ///< the learning rate and epsilon of every kind; the betas of Adam
};

/// What one step needs to know, in fp32.
struct UpdateStep {
  OptimizerKind kind;
  AdamStep adam;  ///< the rate of every kind, with the bias correction where it is Adam's
};

/// Of step t, counted from 1.
FRUGAL_HOST_DEVICE inline UpdateStep update_step(const UpdateRule& rule, std::uint64_t t) {
  AdamStep step = adam_step(rule.adam, t);
  if (rule.kind != OptimizerKind::adam) step.rate = static_cast<float>(rule.adam.learning_rate);
  return {rule.kind, step};
}

/// Value i of w and of the rule's state, with gradient g. Row-wise adagrad is adagrad here: only tables have rows.
__device__ inline void update_value(const UpdateStep& step, float g, std::size_t i, float* w, float* first,
                                    float* second) {
  switch (step.kind) {
    case OptimizerKind::sgd:
      w[i] -= step.adam.rate * g;
      return;
    case OptimizerKind::adagrad:
    case OptimizerKind::rowwise_adagrad: {
      const float squares = first[i] + g * g;
      first[i] = squares;
      w[i] -= step.adam.rate * g / (sqrtf(squares) + step.adam.epsilon);
      return;
    }
    case OptimizerKind::adam:
      adam_update(step.adam, g, w[i], first[i], second[i]);
      return;
  }
}

}  // namespace frugal::cuda
