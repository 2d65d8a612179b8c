#include "benchmarks/harness/study/pooled_variance.hpp"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <vector>

#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// The x with trigamma(x) = y; trigamma falls from infinity to 0.
double inverse_trigamma(double y) {
  const auto above = [&](double log_x) { return boost::math::trigamma(std::exp(log_x)) - y; };
  std::uintmax_t steps = 200;
  const auto [low, high] = boost::math::tools::toms748_solve(above, std::log(1e-8), std::log(1e8),
                                                             boost::math::tools::eps_tolerance<double>(40), steps);
  return std::exp((low + high) / 2);
}

/// The square of a value near the largest number is none.
bool is_known(const Variance& cell) { return cell.degrees > 0 && std::isfinite(cell.value); }

}  // namespace

std::optional<Prior> fit_prior(std::span<const Variance> cells) {
  std::vector<double> positive;
  double all_degrees = 0;
  int known = 0;
  for (const Variance& cell : cells) {
    if (!is_known(cell)) continue;
    ++known;
    all_degrees += cell.degrees;
    if (cell.value > 0) positive.push_back(cell.value);
  }
  if (known < 3) return std::nullopt;
  if (positive.empty()) return Prior{{0, all_degrees}, all_degrees};
  const double least = 1e-5 * median(positive);
  std::vector<double> logs;
  std::vector<double> sampling;  // what the logarithm of an estimate varies by, were all cells equally noisy
  for (const Variance& cell : cells) {
    if (!is_known(cell)) continue;
    const double half = cell.degrees / 2;
    logs.push_back(std::log(std::max(cell.value, least)) - boost::math::digamma(half) + std::log(half));
    sampling.push_back(boost::math::trigamma(half));
  }
  const double center = mean(logs);
  const double deviation = sample_deviation(logs).value_or(0);
  const double excess = deviation * deviation - mean(sampling);
  if (excess <= 1e-6) return Prior{{std::exp(center), all_degrees}, all_degrees};
  const double half = inverse_trigamma(excess);
  const double value = std::exp(center + boost::math::digamma(half) - std::log(half));
  return Prior{{value, std::min(2 * half, all_degrees)}, all_degrees};
}

Variance steadied(const Variance& cell, const std::optional<Prior>& prior) {
  if (!prior) return cell;
  const Variance& common = prior->common;
  const double degrees = cell.degrees + common.degrees;
  if (degrees == 0) return {};
  return {(cell.degrees * cell.value + common.degrees * common.value) / degrees, std::min(degrees, prior->evidence)};
}

}  // namespace frugal::harness
