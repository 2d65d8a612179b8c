#include "benchmarks/harness/judge/counted_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// From the first to the third quartile, over the median.
double middle_half(std::span<const double> counts) {
  std::vector<double> sorted(counts.begin(), counts.end());
  std::ranges::sort(sorted);
  const std::size_t quarter = sorted.size() / 4;
  return (sorted[sorted.size() - 1 - quarter] - sorted[quarter]) / median(sorted);
}

}  // namespace

std::optional<CountedWork> counted_work(std::span<const double> old_counts, std::span<const double> new_counts) {
  constexpr std::size_t fewest = 4;
  if (old_counts.size() < fewest || new_counts.size() < fewest) return std::nullopt;
  const double old_median = median(old_counts), new_median = median(new_counts);
  if (!(old_median > 0) || !(new_median > 0)) return std::nullopt;
  return CountedWork{new_median / old_median, std::max(middle_half(old_counts), middle_half(new_counts))};
}

std::string to_text(const CountedWork& work) {
  if (work.is_steady()) return fmt::format("instructions: new / old = {:.4f} (counted)", work.ratio);
  return fmt::format("instructions tell nothing: those of one program vary by {:.1f}% between its runs",
                     100 * work.spread);
}

}  // namespace frugal::harness
