#include "benchmarks/harness/study/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

namespace frugal::harness {

double mean(std::span<const double> values) {
  assert(!values.empty());
  // Around the first value, so that the mean of equal values is that value to the last bit.
  double sum = 0;
  for (double value : values) sum += value - values.front();
  return values.front() + sum / static_cast<double>(values.size());
}

double median(std::span<const double> values) {
  assert(!values.empty());
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

std::optional<double> sample_deviation(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  // Equal values have no spread; their mean, rounded, would say they have.
  if (std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); })) return 0.0;
  const double center = mean(values);
  double sum = 0;
  for (double value : values) sum += (value - center) * (value - center);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double student_t(double level, double degrees) {
  assert(level > 0 && level < 1 && degrees > 0);
  return boost::math::quantile(boost::math::complement(boost::math::students_t(degrees), (1 - level) / 2));
}

double student_p_value(double t, double degrees) {
  assert(degrees > 0);
  if (std::isinf(t)) return 0;
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), std::abs(t)));
}

std::vector<bool> holm_significant(std::span<const double> p_values, double level) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<bool> significant(p_values.size(), false);
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (p_values[order[k]] > level / static_cast<double>(order.size() - k)) break;
    significant[order[k]] = true;
  }
  return significant;
}

std::optional<double> half_width_95(std::span<const double> values) {
  const std::optional<double> deviation = sample_deviation(values);
  if (!deviation) return std::nullopt;
  return student_t(0.95, static_cast<int>(values.size()) - 1) * *deviation /
         std::sqrt(static_cast<double>(values.size()));
}

double geometric_mean(std::span<const double> values) {
  assert(!values.empty());
  double sum = 0;
  for (double value : values) {
    assert(value > 0);
    sum += std::log(value);
  }
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace frugal::harness
