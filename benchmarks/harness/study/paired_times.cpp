#include "benchmarks/harness/study/paired_times.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>
#include <limits>

#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// P(W = k) for k = 0 ... n (n + 1) / 2: each rank counts or does not, with probability 1/2.
std::vector<double> signed_rank_distribution(int n) {
  std::vector<double> probability(static_cast<std::size_t>(n) * (static_cast<std::size_t>(n) + 1) / 2 + 1, 0.0);
  probability[0] = 1;
  std::size_t reach = 0;
  for (int rank = 1; rank <= n; ++rank) {
    reach += static_cast<std::size_t>(rank);
    for (std::size_t k = reach + 1; k-- > 0;)
      probability[k] = (probability[k] +
                        (k >= static_cast<std::size_t>(rank) ? probability[k - static_cast<std::size_t>(rank)] : 0)) /
                       2;
  }
  return probability;
}

/// All means of two values, in order.
std::vector<double> walsh_averages(std::span<const double> values) {
  std::vector<double> averages;
  averages.reserve(values.size() * (values.size() + 1) / 2);
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = i; j < values.size(); ++j) averages.push_back((values[i] + values[j]) / 2);
  std::sort(averages.begin(), averages.end());
  return averages;
}

}  // namespace

SignedRanks signed_ranks(std::span<const double> values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept), [](double value) { return value != 0; });
  std::sort(kept.begin(), kept.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  SignedRanks result{0, static_cast<int>(kept.size())};
  for (std::size_t i = 0; i < kept.size();) {
    std::size_t end = i;
    while (end < kept.size() && std::abs(kept[end]) == std::abs(kept[i])) ++end;
    const double rank = (static_cast<double>(i) + 1 + static_cast<double>(end)) / 2;
    for (; i < end; ++i) result.sum += kept[i] > 0 ? rank : 0;
  }
  return result;
}

double signed_rank_tail(int n, double sum) {
  const std::vector<double> probability = signed_rank_distribution(n);
  double tail = 0;  // from the far end, the small ones first
  for (std::size_t k = probability.size(); k-- > 0 && static_cast<double>(k) >= sum;) tail += probability[k];
  return std::min(tail, 1.0);
}

double center_of(std::span<const double> values) { return median(walsh_averages(values)); }

double upper_bound(std::span<const double> values, double miss) {
  // The center lies above the (c+1)-th largest average only if W for values moved there is at most c.
  const std::vector<double> probability = signed_rank_distribution(static_cast<int>(values.size()));
  double tail = 0;
  std::size_t cut = 0;
  while (cut < probability.size() && tail + probability[cut] <= miss) tail += probability[cut++];
  if (cut == 0) return std::numeric_limits<double>::infinity();
  const std::vector<double> averages = walsh_averages(values);
  return averages[averages.size() - cut];
}

PairedVerdict decide_pairs(const PairedRule& rule, std::span<const double> log_ratios) {
  const auto n = static_cast<int>(log_ratios.size());
  if (std::find(std::begin(looks), std::end(looks), n) == std::end(looks)) return PairedVerdict::undecided;
  constexpr auto number_of_looks = static_cast<double>(std::size(looks));
  const double matters = std::log1p(rule.slowdown);
  const double center = center_of(log_ratios);
  if (std::abs(center) > matters / 2) {
    std::vector<double> towards(log_ratios.begin(), log_ratios.end());
    if (center < 0) std::transform(towards.begin(), towards.end(), towards.begin(), std::negate<>());
    const SignedRanks ranks = signed_ranks(towards);
    // Both directions are looked at.
    if (signed_rank_tail(ranks.n, ranks.sum) <= rule.false_alarm / (2 * number_of_looks * rule.tests))
      return center > 0 ? PairedVerdict::slower : PairedVerdict::faster;
  }
  if (upper_bound(log_ratios, rule.miss / number_of_looks) < matters) return PairedVerdict::same;
  return n == looks[std::size(looks) - 1] ? PairedVerdict::ambiguous : PairedVerdict::undecided;
}

}  // namespace frugal::harness
