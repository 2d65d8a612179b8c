#include "benchmarks/harness/plan/planned_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "impl/base/sha256.hpp"

namespace frugal::harness {

std::vector<std::string> varying_paths(const std::vector<const Cell*>& cells) {
  std::vector<Json> texts;
  texts.reserve(cells.size());
  for (const Cell* cell : cells) texts.push_back(cell->to_json());
  std::vector<const Json*> all;
  all.reserve(texts.size());
  for (const Json& text : texts) all.push_back(&text);
  return varying_paths(all);
}

namespace {

/// Of a cell that two plans of a file have there is one record: it cannot keep to both where they want different things.
void require_alike(const PlanFile& file, const Plan& first, const Plan& second, const PlannedCell& cell) {
  const char* differ = first.limits != second.limits             ? "limits"
                       : first.measure != second.measure         ? "measure"
                       : first.determinism != second.determinism ? "determinism"
                       : first.band != second.band               ? "determinism"
                       : first.exports != second.exports         ? "export"
                                                                 : nullptr;
  if (differ == nullptr) return;
  throw UserError(
      Place{file.file},
      fmt::format("the plans '{}' and '{}' have a cell in common ({}{}{}) and want it with different {}, but a "
                  "cell runs once and has one record: leave it out of one of them, or give each a file of its own",
                  first.name, second.name, cell.id, cell.label.empty() ? "" : ": ", cell.label, differ));
}

}  // namespace

std::vector<PlannedCell> planned_cells(const PlanFile& file) {
  std::vector<PlannedCell> planned;
  std::map<std::string, const Plan*> plan_of;
  for (const Plan& plan : file.plans) {
    std::vector<const Cell*> cells;
    for (const Cell& cell : plan.cells) cells.push_back(&cell);
    const std::vector<std::string> varying = varying_paths(cells);
    for (const Cell* cell : cells) {
      PlannedCell one{&plan, cell, cell->id(), cell->to_json(), ""};
      const auto [known, is_new] = plan_of.try_emplace(one.id, &plan);
      if (!is_new && known->second == &plan) continue;
      for (const std::string& path : varying) {
        if (path == "workload" || path == "backend") continue;  // always shown, apart
        const Json* value = cell_value(one.json, path);
        if (value == nullptr) continue;
        one.label +=
            fmt::format("{}{}={}", one.label.empty() ? "" : " ", short_path(path, cell->workload), value_text(*value));
      }
      if (is_new)
        planned.push_back(std::move(one));
      else
        require_alike(file, *known->second, plan, one);
    }
  }
  return planned;
}

std::vector<PlannedCell> in_run_order(std::vector<PlannedCell> cells) {
  for (auto begin = cells.begin(); begin != cells.end();) {
    const Plan* plan = begin->plan;
    const auto end = std::find_if(begin, cells.end(), [&](const PlannedCell& cell) { return cell.plan != plan; });
    if (plan->measure.order_seed) {
      const std::string seed = fmt::format("{} ", *plan->measure.order_seed);
      std::ranges::sort(begin, end, {}, [&](const PlannedCell& cell) { return sha256(seed + cell.id); });
    }
    begin = end;
  }
  return cells;
}

std::optional<double> known_flops(const PlannedCell& cell, const Workloads& workloads) {
  const Workload* workload = find_workload(workloads, cell.cell->workload);
  if (workload == nullptr) return std::nullopt;
  const std::map<std::string, double> known = workload->known_metrics(*cell.cell);
  const auto flops = known.find("flops.train");
  return flops == known.end() ? std::nullopt : std::optional(flops->second);
}

std::vector<std::string> unavailable(const std::vector<PlannedCell>& cells) {
  std::vector<std::string> distinct;
  for (const PlannedCell& cell : cells) {
    const auto lacks = cell.plan->unavailable.find(cell.id);
    if (lacks == cell.plan->unavailable.end()) continue;
    for (const std::string& reason : lacks->second) {
      if (std::ranges::find(distinct, reason) == distinct.end()) distinct.push_back(reason);
    }
  }
  return distinct;
}

}  // namespace frugal::harness
