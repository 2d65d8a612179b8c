#include "benchmarks/harness/report/known_metrics.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace frugal::harness {

const MetricDescriptor* declared_metric(std::span<const Run> runs, const std::string& name) {
  for (const Run& run : runs) {
    if (const MetricDescriptor* metric = run.provenance.metric(name)) return metric;
  }
  return nullptr;
}

bool recorded_metric(std::span<const Run> runs, const std::string& name) {
  return std::ranges::any_of(runs, [&](const Run& run) {
    return std::ranges::any_of(run.cells, [&](const CellRecord& cell) { return cell.metrics.contains(name); });
  });
}

std::vector<std::string> metrics_of(const ColumnSpec& column) {
  if (column.source != ColumnSpec::Source::metric) return {};
  return column.divided_by.empty() ? std::vector{column.name} : std::vector{column.name, column.divided_by};
}

std::string unknown_metric(std::span<const Run> runs, const ColumnSpec& column) {
  for (std::string& name : metrics_of(column))
    if (!declared_metric(runs, name) && !recorded_metric(runs, name)) return std::move(name);
  return "";
}

bool is_figure(const ColumnSpec& column) {
  return column.source == ColumnSpec::Source::metric || column.source == ColumnSpec::Source::stage;
}

}  // namespace frugal::harness
