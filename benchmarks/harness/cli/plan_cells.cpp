#include "benchmarks/harness/cli/plan_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/search/search.hpp"

namespace frugal::harness {
namespace {

void print_plan(const Plan& plan, const std::vector<PlannedCell>& all, const ShardOfCell& shards) {
  std::vector<const Cell*> cells;
  for (const PlannedCell& cell : all)
    if (cell.plan == &plan) cells.push_back(cell.cell);
  if (cells.empty()) return;  // all of them are left out
  const std::vector<std::string> varying = varying_paths(cells);
  std::vector<std::vector<std::string>> rows = {{"id"}};
  if (!shards.empty()) rows.front().push_back("shard");
  for (const std::string& path : varying) rows.front().push_back(short_path(path, plan.workload));
  for (const PlannedCell& cell : all) {
    if (cell.plan != &plan) continue;
    std::vector<std::string> row = {cell.id};
    if (!shards.empty()) row.push_back(shards.at(cell.id));
    for (const std::string& path : varying) {
      const Json* value = cell_value(cell.json, path);
      row.push_back(value == nullptr ? "-" : value_text(*value));
    }
    rows.push_back(std::move(row));
  }
  fmt::print("plan {} (workload {})\n{}", plan.name, plan.workload, text_table(rows, 2));
}

/// "training: 1.02 TFLOP in all, at most 340 GFLOP a cell", where the parameters tell; else nothing.
std::string work_text(const Plan& plan, const std::vector<PlannedCell>& all, const Workloads& workloads) {
  double sum = 0;
  double most = 0;
  for (const PlannedCell& cell : all) {
    if (cell.plan != &plan) continue;
    const std::optional<double> flops = known_flops(cell, workloads);
    if (!flops) return "";
    sum += *flops;
    most = std::max(most, *flops);
  }
  if (most == 0) return "";  // no cell of it
  const auto text = [](double flops) {
    const TableEntry entry = number_entry(flops, {}, "si", "FLOP");
    return entry.text + entry.suffix;
  };
  return fmt::format("training: {} in all, at most {} a cell\n", text(sum), text(most));
}

}  // namespace

int print_cells(const PlanFile& file, const std::vector<PlannedCell>& cells, const Workloads& workloads,
                const ShardOfCell& shards) {
  for (const Plan& plan : file.plans) {
    const Workload& workload = *find_workload(workloads, plan.workload);
    print_plan(plan, cells, shards);
    fmt::print("{}", work_text(plan, cells, workloads));
    if (plan.search) fmt::print("search: {}\n", space_text(plan, make_search_space(plan, workload)));
  }
  fmt::print("{} cell{}\n", cells.size(), cells.size() == 1 ? "" : "s");
  return report_unavailable(cells) ? exit_unavailable : exit_ok;
}

}  // namespace frugal::harness
