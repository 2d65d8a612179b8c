// What one step of an optimiser comes down to, in the fp32 that kernels compute with: once for all back ends but
// `reference`, which writes the formulas out in double.
#pragma once
#include <cmath>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// The numbers of one step t. With them Adam (Kingma & Ba 2015, Algorithm 1), with the decoupled weight decay of AdamW
/// (Loshchilov & Hutter 2019, Algorithm 2), is
///     m += one_minus_beta1 (g - m);  v += one_minus_beta2 (g^2 - v);
///     w = decay w - rate m / (sqrt(v inverse_second) + epsilon).
/// The other optimisers read rate and epsilon.
struct UpdateStep {
  OptimizerKind kind = OptimizerKind::adam;  ///< whose step
  float rate = 0;                            ///< the learning rate; of Adam over 1 - beta1^t
  float epsilon = 0;                         ///< beside the root
  float one_minus_beta1 = 0;                 ///< of Adam
  float one_minus_beta2 = 0;                 ///< of Adam
  float inverse_second = 1;                  ///< 1 / (1 - beta2^t)
  float decay = 1;                           ///< 1 - learning rate * weight decay
};

/// Of step t, counted from 1, at the learning rate of `rule`. Computed in double, each number rounded once.
FRUGAL_HOST_DEVICE inline UpdateStep update_step(const UpdateRule& rule, std::uint64_t t, double weight_decay = 0) {
  const Adam& adam = rule.adam;
  const auto power = static_cast<double>(t);
  const double correction = rule.kind == OptimizerKind::adam ? 1 - std::pow(adam.beta1, power) : 1;
  return {.kind = rule.kind,
          .rate = static_cast<float>(adam.learning_rate / correction),
          .epsilon = static_cast<float>(adam.epsilon),
          .one_minus_beta1 = static_cast<float>(1 - adam.beta1),
          .one_minus_beta2 = static_cast<float>(1 - adam.beta2),
          .inverse_second = static_cast<float>(1 / (1 - std::pow(adam.beta2, power))),
          .decay = static_cast<float>(1 - adam.learning_rate * weight_decay)};
}

}  // namespace frugal
