#include "benchmarks/harness/run/eta.hpp"

#include <algorithm>

namespace frugal::harness {

void Eta::finish(double seconds) {
  seen_[running_].seconds += seconds;
  ++seen_[running_].cells;
  --waiting_[running_];
  running_.clear();
}

std::optional<Eta::Estimate> Eta::left(double elapsed_s, double fraction) const {
  // Below this share, set-up time would be taken for the pace of the whole cell.
  constexpr double least_fraction = 0.02;
  const bool has_pace = fraction >= least_fraction;
  Estimate estimate;
  bool known = false;
  for (const auto& [kind, count] : waiting_) {
    if (count == 0) continue;
    const bool runs_now = kind == running_;
    std::optional<double> each;
    if (const auto seen = seen_.find(kind); seen != seen_.end()) each = seen->second.seconds / seen->second.cells;
    if (!each && runs_now && has_pace) each = elapsed_s / fraction;
    if (!each) {
      estimate.lower_bound = true;
      continue;
    }
    known = true;
    estimate.seconds += *each * (runs_now ? count - 1 : count);
    if (runs_now) estimate.seconds += has_pace ? elapsed_s * (1 / fraction - 1) : std::max(0.0, *each - elapsed_s);
  }
  if (!known) return std::nullopt;
  return estimate;
}

}  // namespace frugal::harness
