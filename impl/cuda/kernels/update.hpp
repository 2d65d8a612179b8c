// The optimisers' update rules, one value at a time. impl/reference/recommender/parameter.hpp and impl/common/adam.hpp
// have the formulas.
//
// Deterministic: a value's new state depends on its old one and its gradient alone. Tolerance: a few eps.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/adam.hpp"
#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// Adam on w, m, v of one value with gradient g. The divisor is at least 1e-30: a value that never had a gradient stays
/// even where epsilon is 0.
FRUGAL_HOST_DEVICE inline void adam_update(const UpdateStep& step, float g, float& w, float& m, float& v) {
  m = fmaf(step.one_minus_beta1, g - m, m);
  v = fmaf(step.one_minus_beta2, g * g - v, v);
  const float divisor = sqrtf(v * step.inverse_second) + step.epsilon;
  w = fmaf(-step.rate, m / fmaxf(divisor, 1e-30F), w * step.decay);
}

/// Value i of w and of the rule's state, with gradient g. Row-wise adagrad is adagrad here: only tables have rows.
__device__ inline void update_value(const UpdateStep& step, float g, std::size_t i, float* w, float* first,
                                    float* second) {
  switch (step.kind) {
    case OptimizerKind::sgd:
      w[i] -= step.rate * g;
      return;
    case OptimizerKind::adagrad:
    case OptimizerKind::rowwise_adagrad: {
      const float squares = first[i] + g * g;
      first[i] = squares;
      w[i] -= step.rate * g / (sqrtf(squares) + step.epsilon);
      return;
    }
    case OptimizerKind::adam:
      adam_update(step, g, w[i], first[i], second[i]);
      return;
  }
}

}  // namespace frugal::cuda
