// `frugal plan`: what would run.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/plan_arguments.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/run/select.hpp"
#include "benchmarks/harness/search/search.hpp"

namespace frugal::harness {
namespace {

const VerbSpec plan_verb = {
    "plan PLAN [--set PATH=VALUE]... [--data-dir DIR]...",
    "Expands and validates a plan, and prints its cells: the id, and what varies between them. Runs nothing.\n"
    "PLAN is a file or the name of a built-in plan (frugal list plans). Exit code 2: the plan has a mistake; 4: it is\n"
    "right, but something it needs is not available here.",
    1,
    1,
    {set_option(), data_dir_option()},
    {"frugal plan demo", "frugal plan benchmarks/plans/smoke.yaml --set seeds=[1,2,3]"}};

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
      row.push_back(value == nullptr ? "-" : plain_value(*value));
    }
    rows.push_back(std::move(row));
  }
  fmt::print("plan {} (workload {})\n{}", plan.name, plan.workload, text_table(rows, 2));
}

}  // namespace

int run_plan_verb(const Args& args, const Workloads& workloads) {
  const std::optional<ParsedOptions> options = parse_options(plan_verb, args);
  if (!options) return exit_ok;
  const LoadedPlan loaded = load_plan_of(*options, workloads);
  const std::vector<PlannedCell> cells = planned_cells(loaded.file);
  for (const Plan& plan : loaded.file.plans) {
    print_plan(plan, cells);
    if (plan.search)
      fmt::print("search: {}\n", space_text(plan, make_search_space(plan, workload_of(plan, workloads))));
  }
  fmt::print("{} cell{}\n", cells.size(), cells.size() == 1 ? "" : "s");
  return report_unavailable(loaded.file) ? exit_unavailable : exit_ok;
}

}  // namespace frugal::harness
