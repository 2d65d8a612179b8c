// `frugal plan`: what would run.
#include "benchmarks/harness/cli/plan_cells.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"

namespace frugal::harness {
namespace {

int show_plan(const Call& call) {
  const LoadedPlan loaded = load_plan_of(call);
  return print_cells(loaded.file, planned_cells(loaded.file), call.workloads);
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
