// One value a seed, and what they say together.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Nothing when the record lacks the metric.
std::optional<double> metric_value(const CellRecord& record, const std::string& metric);

/// Of the records that have the metric, in their order.
std::vector<double> metric_values(std::span<const CellRecord* const> records, const std::string& metric);

/// A mean over seeds.
struct Estimate {
  double mean = 0;
  /// Of the 95% interval. None below two values, and none where all agree: counts, analytic figures and the like are no
  /// draws of the seed.
  std::optional<double> half_width{};
};

/// Needs at least one value.
Estimate estimate(std::span<const double> values);

}  // namespace frugal::harness
