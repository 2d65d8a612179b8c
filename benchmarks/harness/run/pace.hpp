// How many steps of a loop to take before the next look at the clock.
#pragma once
#include <algorithm>
#include <cstdint>

namespace frugal::harness {

/// As many as take about a second at the rate of the last ones.
class Pace {
 public:
  /// `done` steps at time `seconds`, of any clock. Where a new loop begins, `done` falls, and so the pace to the least.
  std::int64_t next(std::int64_t done, double seconds) {
    const double rate = static_cast<double>(done - done_) / std::max(seconds - seconds_, 1e-9);
    done_ = done;
    seconds_ = seconds;
    return static_cast<std::int64_t>(std::clamp(rate * wanted_seconds, least, most));
  }

 private:
  static constexpr double wanted_seconds = 1, least = 10, most = 100'000;
  std::int64_t done_ = 0;
  double seconds_ = 0;
};

}  // namespace frugal::harness
