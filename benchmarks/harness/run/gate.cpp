#include "benchmarks/harness/run/gate.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace frugal::harness {
namespace {

std::string bound_broken(const MetricBound& gate, const CellRecord& record) {
  const auto metric = record.metrics.find(gate.metric);
  if (metric == record.metrics.end()) {
    const auto why = record.absent.find(gate.metric);
    return why == record.absent.end() ? "is absent" : "is absent: " + why->second;
  }
  const std::optional<Breach> breach = breach_of(gate, metric->second);
  return breach ? fmt::format("is {:g}, {} {:g}", metric->second, breach->side, breach->limit) : "";
}

}  // namespace

std::vector<std::string> broken_gates(const PlanFile& file, const std::vector<PlannedCell>& cells,
                                      const std::map<std::string, CellRecord>& records, bool is_part) {
  std::vector<std::string> broken;
  for (const Plan& plan : file.plans) {
    for (const MetricBound& gate : plan.gates) {
      bool matched = false;
      for (const PlannedCell& cell : cells) {
        if (cell.plan != &plan || !matches(cell.json, gate.where)) continue;
        matched = true;
        const auto record = records.find(cell.id);
        if (record == records.end() || record->second.status != Status::ok) continue;
        const std::string how = bound_broken(gate, record->second);
        if (how.empty()) continue;
        broken.push_back(fmt::format("{} {} {}{}{}: {} {}", cell.id, cell.cell->workload, cell.cell->backend,
                                     cell.label.empty() ? "" : " ", cell.label, gate.metric, how));
      }
      if (!matched && !is_part)
        broken.push_back(fmt::format("plan '{}': the gate on {} matches no cell", plan.name, gate.metric));
    }
  }
  return broken;
}

}  // namespace frugal::harness
