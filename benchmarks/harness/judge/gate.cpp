#include "benchmarks/harness/judge/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/seed_values.hpp"

namespace frugal::harness {
namespace {

/// A cell with its seeds.
struct GatedCell {
  const PlannedCell* first = nullptr;
  Json json;  ///< without the seed
  std::vector<const CellRecord*> records{};
};

/// Those of one plan that match the gate, with what ended well.
std::vector<GatedCell> gated_cells(const Plan& plan, const MetricBound& gate, const std::vector<PlannedCell>& cells,
                                   const std::map<std::string, CellRecord>& records) {
  std::vector<GatedCell> gated;
  std::map<Json, std::size_t> known;  // cell without its seed -> its place
  for (const PlannedCell& cell : cells) {
    if (cell.plan != &plan || !matches(cell.json, gate.where)) continue;
    Json json = cell.json;
    json.erase("seed");
    const auto [place, is_new] = known.try_emplace(json, gated.size());
    if (is_new) gated.push_back({&cell, std::move(json)});
    const auto record = records.find(cell.id);
    if (record != records.end() && record->second.status == Status::ok)
      gated[place->second].records.push_back(&record->second);
  }
  return gated;
}

/// "is 0.61 ± 0.02 (n = 3)"; of one seed "is 0.61".
std::string mean_text(const Estimate& estimate, std::size_t n) {
  std::string text = fmt::format("is {:g}", estimate.mean);
  if (estimate.half_width) text += fmt::format(" ± {:.2g}", *estimate.half_width);
  return n > 1 ? text + fmt::format(" (n = {})", n) : text;
}

class GateCheck {
 public:
  explicit GateCheck(const MetricBound& gate) : gate_(gate) {}

  /// One line into one of the lists, or none.
  void hold(const GatedCell& cell, const std::string& name, GateReport& report) const {
    std::vector<double> values;
    for (const CellRecord* record : cell.records) {
      const std::optional<double> value = metric_value(*record, gate_.metric);
      if (!value) {
        const auto why = record->absent.find(gate_.metric);
        report.broken.push_back(fmt::format("{} {}: {} is absent{}", record->id, name, gate_.metric,
                                            why == record->absent.end() ? "" : ": " + why->second));
        return;
      }
      values.push_back(*value);
    }
    if (values.empty()) return;
    const Estimate mean = estimate(values);
    const std::string figure =
        fmt::format("{} {}: {} {}", cell.first->id, name, gate_.metric, mean_text(mean, values.size()));
    const double half = mean.half_width.value_or(0);
    const bool certain = side_of(mean.mean - half) == side_of(mean.mean + half);
    if (const std::optional<Breach> breach = breach_of(gate_, mean.mean))
      report.broken.push_back(fmt::format("{}, {} {:g}{}", figure, breach->side, breach->limit,
                                          certain ? "" : ", within the noise of the seeds"));
    else if (!certain)
      report.close.push_back(fmt::format("{}, and the bound is within the noise of the seeds", figure));
  }

 private:
  /// "below", "above", or "" within the bounds.
  std::string_view side_of(double value) const {
    const std::optional<Breach> breach = breach_of(gate_, value);
    return breach ? breach->side : "";
  }

  const MetricBound& gate_;
};

}  // namespace

GateReport check_gates(const PlanFile& file, const std::vector<PlannedCell>& cells,
                       const std::map<std::string, CellRecord>& records, bool is_part) {
  GateReport report;
  for (const Plan& plan : file.plans) {
    std::vector<const Json*> of_plan;
    for (const PlannedCell& cell : cells)
      if (cell.plan == &plan) of_plan.push_back(&cell.json);
    const CellLabels labels(of_plan);
    for (const MetricBound& gate : plan.gates) {
      const std::vector<GatedCell> gated = gated_cells(plan, gate, cells, records);
      for (const GatedCell& cell : gated)
        GateCheck(gate).hold(
            cell, fmt::format("{} {} {}", cell.first->cell->workload, cell.first->cell->backend, labels.of(cell.json)),
            report);
      if (gated.empty() && !is_part)
        report.broken.push_back(fmt::format("plan '{}': the gate on {} matches no cell", plan.name, gate.metric));
    }
  }
  return report;
}

}  // namespace frugal::harness
