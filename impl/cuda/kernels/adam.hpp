// Adam (Kingma & Ba 2015, Algorithm 1) with decoupled weight decay, one value at a time:
//   m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v);  w = decay w - rate m / (sqrt(v inverse_second) + epsilon)
#pragma once
#include <cmath>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/specs.hpp"

namespace frugal::cuda {

/// What step t needs to know, with the bias corrections folded in.
struct AdamStep {
  float rate = 0;  ///< learning rate / (1 - beta1^t)
  float epsilon = 0;
  float one_minus_beta1 = 0;
  float one_minus_beta2 = 0;
  float inverse_second = 0;  ///< 1 / (1 - beta2^t)
  float decay = 1;           ///< 1 - learning rate * weight decay
};

/// Of step t, counted from 1, at the learning rate of `adam`.
FRUGAL_HOST_DEVICE inline AdamStep adam_step(const Adam& adam, std::uint64_t t, double weight_decay = 0) {
  const auto power = static_cast<double>(t);
  return {.rate = static_cast<float>(adam.learning_rate / (1 - std::pow(adam.beta1, power))),
          .epsilon = static_cast<float>(adam.epsilon),
          .one_minus_beta1 = static_cast<float>(1 - adam.beta1),
          .one_minus_beta2 = static_cast<float>(1 - adam.beta2),
          .inverse_second = static_cast<float>(1 / (1 - std::pow(adam.beta2, power))),
          .decay = static_cast<float>(1 - adam.learning_rate * weight_decay)};
}

/// w, m, v of one value with gradient g. The divisor is at least 1e-30: a value that never had a gradient stays even
/// where epsilon is 0.
FRUGAL_HOST_DEVICE inline void adam_update(const AdamStep& step, float g, float& w, float& m, float& v) {
  m = fmaf(step.one_minus_beta1, g - m, m);
  v = fmaf(step.one_minus_beta2, g * g - v, v);
  const float divisor = sqrtf(v * step.inverse_second) + step.epsilon;
  w = fmaf(-step.rate, m / fmaxf(divisor, 1e-30F), w * step.decay);
}

}  // namespace frugal::cuda
