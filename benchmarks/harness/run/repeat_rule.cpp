#include "benchmarks/harness/run/repeat_rule.hpp"

#include <algorithm>
#include <cmath>

#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {

std::optional<double> median_rel_ci(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < fewest_for_interval) return std::nullopt;
  // The interval from the k-th value to the k-th last misses the median when fewer than k values lie on one side of it:
  // each way with P(Binomial(n, 1/2) < k). The largest k that keeps 2.5% a side.
  std::size_t k = 0;
  const auto size = static_cast<double>(n);
  for (double below = 0; k < n / 2; ++k) {
    const auto i = static_cast<double>(k);
    below += std::exp(std::lgamma(size + 1) - std::lgamma(i + 1) - std::lgamma(size - i + 1) - size * std::log(2.0));
    if (below > 0.025) break;
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const double middle = median(sorted);
  if (!(middle > 0)) return std::nullopt;
  return (sorted[n - k] - sorted[k - 1]) / 2 / middle;
}

bool RepeatRule::is_last(double sample_s, double repeat_s, double elapsed_s) {
  samples_.push_back(sample_s);
  measured_s_ += sample_s;
  longest_s_ = std::max(longest_s_, repeat_s);
  const int repeats = static_cast<int>(samples_.size());
  if (repeats < measure_.repeats) return false;
  if (measure_.max_repeats == 0) return true;
  const std::optional<double> rel_ci = median_rel_ci(samples_);
  const bool has_target = measure_.target_rel_ci > 0;
  const bool on_target = !has_target || (rel_ci && *rel_ci <= measure_.target_rel_ci);
  if (on_target && measured_s_ >= measure_.min_time_s)
    sampling_ = {has_target ? SamplingEnd::target_rel_ci : SamplingEnd::min_time_s, rel_ci};
  else if (repeats >= measure_.max_repeats)
    sampling_ = {SamplingEnd::max_repeats, rel_ci};
  else if (timeout_s_ > 0 && elapsed_s + longest_s_ > timeout_s_)
    sampling_ = {SamplingEnd::timeout_s, rel_ci};
  return sampling_.has_value();
}

}  // namespace frugal::harness
