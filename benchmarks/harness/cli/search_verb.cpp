// `frugal search`: looks for the best structure in the space of a plan, and says what that cost.
#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/screen.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/search/search_runner.hpp"
#include "benchmarks/harness/search/search_table.hpp"

namespace frugal::harness {
namespace {

void require_searches(const PlanFile& file) {
  for (const Plan& plan : file.plans) {
    if (!plan.search) {
      throw UserError(Place{file.file}, fmt::format("plan '{}' has no key 'search': `frugal run` runs it", plan.name));
    }
  }
}

int exit_code_of(const std::vector<SearchOutcome>& outcomes, const Run& run, const std::string& again) {
  if (const std::size_t failed = failed_cells(outcomes, run); failed > 0) {
    fmt::print(stderr, "{} cell{} failed. To run what failed again: {} --rerun failed\n", failed,
               failed == 1 ? "" : "s", again);
    return exit_cells_failed;
  }
  bool all_found = true;
  for (const SearchOutcome& outcome : outcomes) {
    if (outcome.found()) continue;
    all_found = false;
    fmt::print(stderr, "frugal: plan '{}': no structure is within the bounds\n", outcome.plan->name);
  }
  return all_found ? exit_ok : exit_gate;
}

int search_plan(const Call& call) {
  const TableFormat format = table_format_of(call);
  Rerun rerun;
  if (const auto word = call.one("rerun")) rerun.what = from_word(rerun_names, "--rerun", *word);
  const LoadedPlan loaded = load_plan_of(call);
  require_searches(loaded.file);
  const std::vector<PlannedCell> cells = planned_cells(loaded.file);
  if (report_unavailable(cells)) return exit_unavailable;

  StopSignals stops;
  Progress progress(Progress::standard_screen());
  Inputs inputs = inputs_of(loaded, call);
  ResultStore store(records_folder(call, loaded.file), provenance_of(loaded, call),
                    {.start_anew = rerun.what == Rerun::What::all,
                     .mix = call.has("mix"),
                     .inputs = inputs.of_all(cells),
                     .cells = {}});
  const std::string again = command_again(call.command);
  std::vector<SearchOutcome> outcomes;
  try {
    outcomes = run_searches(loaded.file, {.workloads = call.workloads,
                                          .store = store,
                                          .progress = progress,
                                          .execute = child_executor(stops, call.workloads),
                                          .inputs = inputs,
                                          .rerun = rerun});
  } catch (const Interrupted&) {
    fmt::print(stderr, "\ninterrupted: what is done is kept in {}. To go on: {}\n", store.folder().string(), again);
    return exit_interrupted;
  }
  write_searches(outcomes, store.folder());
  const Run run = load_run(store.folder());
  std::vector<Table> tables;
  tables.reserve(outcomes.size());
  for (const SearchOutcome& outcome : outcomes) tables.push_back(search_table(outcome, run));
  fmt::print("{}", render(tables, format, screen_columns().value_or(usual_width)));
  fmt::print(stderr, "records: {}\n", store.folder().string());
  return exit_code_of(outcomes, run, again);
}

}  // namespace

Verb search_verb() {
  return {.name = "search",
          .summary = "look for the best structure in the space of a plan; continues where it stopped",
          .help =
              "Looks for the best structure in the space of a plan (its key `search`), with each strategy that it "
              "names, and prints what each found and what that cost. Evaluations are cells as of `frugal run`: kept "
              "at once, and not run again. A strategy is charged for all that it asks for, also when another one "
              "has asked for it before.\n\nExit code 1: no structure is within the bounds.",
          .arguments = {plan_argument()},
          .options = {set_option(),
                      out_option("records and search.json go"),
                      {.name = "rerun",
                       .value = "failed|all",
                       .help = "runs again what failed, or everything (the old record is kept as .bak)",
                       .values = {.words = words(rerun_names), .closed = true},
                       .repeats_work = true},
                      format_option({"txt", "md", "csv", "json", "tex", "html"},
                                    "txt (default in a terminal), md (default elsewhere), csv, json, tex or html"),
                      mix_option(),
                      data_dir_option(),
                      modified_data_option()},
          .examples = {"frugal search structure.yaml", "frugal search structure.yaml --set seeds=[1,2,3] --format tex"},
          .run = search_plan};
}

}  // namespace frugal::harness
