#include "benchmarks/harness/run/main_metrics.hpp"

#include <fmt/format.h>

namespace frugal::harness {

std::string main_metrics_text(const CellRecord& record, const Workloads& workloads) {
  constexpr int most = 2;
  const Workload* workload = find_workload(workloads, record.cell.workload);
  if (workload == nullptr) return "";
  std::string text;
  int shown = 0;
  for (const MetricDescriptor& metric : workload->metrics()) {
    const auto value = record.metrics.find(metric.name);
    if (value == record.metrics.end() || shown == most) continue;
    text += fmt::format("{}{} {}{}{}", shown == 0 ? "" : ", ", metric.name,
                        fmt::format(fmt::runtime(metric.format), value->second), metric.unit.empty() ? "" : " ",
                        metric.unit);
    ++shown;
  }
  return text;
}

}  // namespace frugal::harness
