// The optimisers' update rules, one value at a time. impl/reference/parameter.hpp has the formulas.
//
// Deterministic: a value's new state depends on its old one and its gradient alone. Tolerance: a few eps.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "impl/common/host_device.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/kernel_language.hpp"

namespace frugal::cuda {

struct UpdateRule {
  OptimizerKind kind;
  Adam adam;  ///< the learning rate and epsilon of every kind; the betas of Adam
};

/// What one step needs to know, in fp32, with Adam's bias corrections folded in.
struct UpdateStep {
  OptimizerKind kind;
  float learning_rate;  ///< of adam: divided by 1 - beta1^t
  float epsilon;
  float one_minus_beta1;
  float one_minus_beta2;
  float inverse_second;  ///< 1 / (1 - beta2^t)
};

/// Of step t, counted from 1.
FRUGAL_HOST_DEVICE inline UpdateStep update_step(const UpdateRule& rule, std::uint64_t t) {
  const Adam& a = rule.adam;
  const auto power = static_cast<double>(t);
  const double rate =
      rule.kind == OptimizerKind::adam ? a.learning_rate / (1 - std::pow(a.beta1, power)) : a.learning_rate;
  return {rule.kind,
          static_cast<float>(rate),
          static_cast<float>(a.epsilon),
          static_cast<float>(1 - a.beta1),
          static_cast<float>(1 - a.beta2),
          static_cast<float>(1 / (1 - std::pow(a.beta2, power)))};
}

/// Value i of w and of the rule's state, with gradient g. Row-wise adagrad is adagrad here: only tables have rows.
__device__ inline void update_value(const UpdateStep& step, float g, std::size_t i, float* w, float* first,
                                    float* second) {
  switch (step.kind) {
    case OptimizerKind::sgd:
      w[i] -= step.learning_rate * g;
      return;
    case OptimizerKind::adagrad:
    case OptimizerKind::rowwise_adagrad: {
      const float squares = first[i] + g * g;
      first[i] = squares;
      w[i] -= step.learning_rate * g / (sqrtf(squares) + step.epsilon);
      return;
    }
    case OptimizerKind::adam: {
      const float m = first[i] + step.one_minus_beta1 * (g - first[i]);
      const float v = second[i] + step.one_minus_beta2 * (g * g - second[i]);
      first[i] = m;
      second[i] = v;
      w[i] -= step.learning_rate * m / (sqrtf(v * step.inverse_second) + step.epsilon);
      return;
    }
  }
}

}  // namespace frugal::cuda
