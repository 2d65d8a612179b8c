#include "benchmarks/harness/study/seed_values.hpp"

#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {

std::optional<double> metric_value(const CellRecord& record, const std::string& metric) {
  const auto found = record.metrics.find(metric);
  return found == record.metrics.end() ? std::nullopt : std::optional(found->second);
}

std::vector<double> metric_values(std::span<const CellRecord* const> records, const std::string& metric) {
  std::vector<double> values;
  for (const CellRecord* record : records) {
    if (const std::optional<double> value = metric_value(*record, metric)) values.push_back(*value);
  }
  return values;
}

Estimate estimate(std::span<const double> values) {
  Estimate result{mean(values), half_width_95(values)};
  if (result.half_width == 0.0) result.half_width.reset();
  return result;
}

}  // namespace frugal::harness
