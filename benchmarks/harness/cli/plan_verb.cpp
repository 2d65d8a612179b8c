// `frugal plan`: what would run.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/search/search.hpp"

namespace frugal::harness {
namespace {

void print_plan(const Plan& plan, const std::vector<PlannedCell>& all) {
  std::vector<const Cell*> cells;
  for (const PlannedCell& cell : all)
    if (cell.plan == &plan) cells.push_back(cell.cell);
  const std::vector<std::string> varying = varying_paths(cells);
  std::vector<std::vector<std::string>> rows = {{"id"}};
  for (const std::string& path : varying) rows.front().push_back(short_path(path, plan.workload));
  for (const PlannedCell& cell : all) {
    if (cell.plan != &plan) continue;
    std::vector<std::string> row = {cell.id};
    for (const std::string& path : varying) {
      const Json* value = cell_value(cell.json, path);
      row.push_back(value == nullptr ? "-" : value_text(*value));
    }
    rows.push_back(std::move(row));
  }
  fmt::print("plan {} (workload {})\n{}", plan.name, plan.workload, text_table(rows, 2));
}

/// "training: 1.02 TFLOP in all, at most 340 GFLOP a cell", where the parameters tell; else nothing.
std::string work_text(const Plan& plan, const std::vector<PlannedCell>& all, const Workload& workload) {
  double sum = 0;
  double most = 0;
  for (const PlannedCell& cell : all) {
    if (cell.plan != &plan) continue;
    const std::map<std::string, double> known = workload.known_metrics(*cell.cell);
    const auto flops = known.find("flops.train");
    if (flops == known.end()) return "";
    sum += flops->second;
    most = std::max(most, flops->second);
  }
  const auto text = [](double flops) {
    const TableEntry entry = number_entry(flops, {}, "si", "FLOP");
    return entry.text + entry.suffix;
  };
  return fmt::format("training: {} in all, at most {} a cell\n", text(sum), text(most));
}

int show_plan(const Call& call) {
  const LoadedPlan loaded = load_plan_of(call);
  const std::vector<PlannedCell> cells = planned_cells(loaded.file);
  for (const Plan& plan : loaded.file.plans) {
    const Workload& workload = *find_workload(call.workloads, plan.workload);
    print_plan(plan, cells);
    fmt::print("{}", work_text(plan, cells, workload));
    if (plan.search) fmt::print("search: {}\n", space_text(plan, make_search_space(plan, workload)));
  }
  fmt::print("{} cell{}\n", cells.size(), cells.size() == 1 ? "" : "s");
  return report_unavailable(cells) ? exit_unavailable : exit_ok;
}

}  // namespace

Verb plan_verb() {
  return {
      .name = "plan",
      .summary = "expand and validate a plan, run nothing",
      .help =
          "Expands and validates a plan, and prints its cells: the id, and what varies between them, and the "
          "work of their training where the plan alone tells. Runs nothing. PLAN is a file or the name of a built-in plan (frugal list plans).\n\nExit code 2: the plan "
          "has a mistake; 4: it is right, but something it needs is not available here.",
      .arguments = {plan_argument()},
      .options = {set_option(), data_dir_option()},
      .examples = {"frugal plan demo", "frugal plan benchmarks/plans/smoke.yaml --set seeds=[1,2,3]"},
      .run = show_plan};
}

}  // namespace frugal::harness
