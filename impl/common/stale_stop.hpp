#pragma once
#include <cstdint>
#include <limits>

#include "impl/base/host_device.hpp"

namespace frugal {

/// ENRP's rule for one curve of losses: stop when the best is more than `patience` steps old.
struct StaleStop {
  double best = std::numeric_limits<double>::infinity();
  double last = 0;
  std::int64_t best_step = 0;  ///< of the first lowest loss, counted from 1
  std::int64_t steps = 0;

  FRUGAL_HOST_DEVICE void add(double loss) {
    ++steps;
    last = loss;
    if (loss < best) {
      best = loss;
      best_step = steps;
    }
  }
  FRUGAL_HOST_DEVICE bool stopped(std::int64_t patience) const { return patience > 0 && steps - best_step > patience; }
};

}  // namespace frugal
