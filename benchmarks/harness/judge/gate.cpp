#include "benchmarks/harness/judge/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/seed_values.hpp"

namespace frugal::harness {
namespace {

using Part = std::optional<std::set<std::string>>;

/// A cell of one seed, as one plan has it: that another plan has it too is nothing to its gates.
struct PlanCell {
  const Cell* cell;
  std::string id;
  Json json;
};

std::vector<PlanCell> cells_of(const Plan& plan) {
  std::vector<PlanCell> cells;
  cells.reserve(plan.cells.size());
  for (const Cell& cell : plan.cells) cells.push_back({&cell, cell.id(), cell.to_json()});
  return cells;
}

/// A cell with its seeds.
struct GatedCell {
  const PlanCell* first = nullptr;
  Json json;                                 ///< without the seed
  std::vector<const CellRecord*> records{};  ///< of seeds that ended well
  std::size_t seeds = 0;
  std::size_t to_do = 0;  ///< seeds without a record
  bool is_asked = false;  ///< one of the seeds is
};

/// Those of a plan that match the gate and are asked for.
std::vector<GatedCell> gated_cells(const MetricBound& gate, const std::vector<PlanCell>& cells,
                                   const StoredRecords& records, const Part& part) {
  std::vector<GatedCell> gated;
  std::map<Json, std::size_t> known;  // cell without its seed -> its place
  for (const PlanCell& cell : cells) {
    if (!matches(cell.json, gate.where)) continue;
    Json json = cell.json;
    json.erase("seed");
    const auto [place, is_new] = known.try_emplace(json, gated.size());
    if (is_new) gated.push_back({&cell, std::move(json)});
    GatedCell& one = gated[place->second];
    ++one.seeds;
    one.is_asked = one.is_asked || !part || part->contains(cell.id);
    const auto record = records.find(cell.id);
    if (record == records.end())
      ++one.to_do;
    else if (record->second->status == Status::ok)
      one.records.push_back(record->second);
  }
  std::erase_if(gated, [](const GatedCell& cell) { return !cell.is_asked; });
  return gated;
}

/// Takes out those of which seeds are to do; a line for all of them, or none.
void leave_unfinished(std::vector<GatedCell>& gated, const Plan& plan, const MetricBound& gate, GateReport& report) {
  std::size_t cells = 0, seeds = 0, to_do = 0;
  for (const GatedCell& cell : gated) {
    if (cell.to_do == 0) continue;
    ++cells;
    seeds += cell.seeds;
    to_do += cell.to_do;
  }
  std::erase_if(gated, [](const GatedCell& cell) { return cell.to_do > 0; });
  if (cells == 0) return;
  report.not_judged.push_back(fmt::format("plan '{}': {} of {} cell{}, as {} of {} seeds {} no record here yet",
                                          plan.name, gate.metric, cells, cells == 1 ? "" : "s", to_do, seeds,
                                          to_do == 1 ? "has" : "have"));
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
    std::size_t disturbed = 0;
    for (const CellRecord* record : cell.records) {
      if (gate_.of_the_clock && !record->is_quiet()) {
        ++disturbed;
        continue;
      }
      const std::optional<double> value = metric_value(*record, gate_.metric);
      if (!value) {
        const auto why = record->absent.find(gate_.metric);
        report.broken.push_back(fmt::format("{} {}: {} is absent{}", record->id, name, gate_.metric,
                                            why == record->absent.end() ? "" : ": " + why->second));
        return;
      }
      values.push_back(*value);
    }
    if (values.empty() && disturbed > 0)
      report.not_judged.push_back(fmt::format("{} {}: {}, which was taken beside other work in every seed",
                                              cell.first->id, name, gate_.metric));
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

std::string GateReport::text() const {
  const std::pair<const char*, const std::vector<std::string>*> kinds[] = {
      {"broken", &broken}, {"kept", &close}, {"not judged", &not_judged}};
  std::string text;
  for (const auto& [what, lines] : kinds)
    for (const std::string& line : *lines) text += fmt::format("gate {}: {}\n", what, line);
  return text;
}

GateReport check_gates(const PlanFile& file, const StoredRecords& records, const Part& part) {
  GateReport report;
  for (const Plan& plan : file.plans) {
    if (plan.gates.empty()) continue;
    const std::vector<PlanCell> cells = cells_of(plan);
    std::vector<const Json*> of_plan;
    of_plan.reserve(cells.size());
    for (const PlanCell& cell : cells) of_plan.push_back(&cell.json);
    const CellLabels labels(of_plan);
    for (const MetricBound& gate : plan.gates) {
      std::vector<GatedCell> gated = gated_cells(gate, cells, records, part);
      if (gated.empty() && !part)
        report.broken.push_back(fmt::format("plan '{}': the gate on {} matches no cell", plan.name, gate.metric));
      leave_unfinished(gated, plan, gate, report);
      for (const GatedCell& cell : gated)
        GateCheck(gate).hold(
            cell, fmt::format("{} {} {}", cell.first->cell->workload, cell.first->cell->backend, labels.of(cell.json)),
            report);
    }
  }
  return report;
}

}  // namespace frugal::harness
