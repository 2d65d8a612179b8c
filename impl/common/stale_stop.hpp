#pragma once
#include <cstdint>
#include <limits>

#include "impl/base/host_device.hpp"

namespace frugal {

/// A curve of losses and how old its best is: ENRP's rule (arXiv 2110.04124) stops when the best is more than
/// `patience` steps old. For every curve that something stops by: one sub-network's, an ensemble's, a validation's.
struct StaleStop {
  double best = std::numeric_limits<double>::infinity();  ///< the lowest loss
  double last = 0;                                        ///< the loss added last
  std::int64_t best_step = 0;                             ///< of the first lowest loss, counted from 1
  std::int64_t steps = 0;                                 ///< losses so far

  /// A loss that is not finite is never the best.
  FRUGAL_HOST_DEVICE void add(double loss) {
    ++steps;
    last = loss;
    if (loss < best) {
      best = loss;
      best_step = steps;
    }
  }

  /// Steps after the best one.
  FRUGAL_HOST_DEVICE std::int64_t since_best() const { return steps - best_step; }

  /// patience 0: never.
  FRUGAL_HOST_DEVICE bool stopped(std::int64_t patience) const { return patience > 0 && since_best() > patience; }
};

}  // namespace frugal
