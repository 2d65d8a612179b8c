#pragma once

namespace frugal::cpu {

/// What one step t of an optimiser needs to know, in fp32, with Adam's bias corrections folded in.
struct UpdateStep {
  float learning_rate;  ///< of adam: already divided by 1 - beta1^t
  float epsilon;
  float one_minus_beta1;
  float one_minus_beta2;
  float inverse_second;  ///< 1 / (1 - beta2^t)
  float decay = 1;       ///< 1 - learning rate * decoupled weight decay
};

}  // namespace frugal::cpu
