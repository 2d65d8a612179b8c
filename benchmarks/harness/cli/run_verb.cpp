// `frugal run`: runs what is not done yet, and says what came of it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/gate.hpp"
#include "benchmarks/harness/run/runner.hpp"
#include "benchmarks/harness/study/select.hpp"

namespace frugal::harness {
namespace {

/// Further lines of an error, below its first one.
std::string indented(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return result;
}

void print_failures(const RunSummary& summary, const std::vector<PlannedCell>& cells, const std::string& again) {
  for (const std::string& id : summary.failed) {
    const CellRecord& record = summary.records.at(id);
    const auto cell = std::find_if(cells.begin(), cells.end(), [&](const PlannedCell& one) { return one.id == id; });
    fmt::print(stderr, "\n{} {} {} {}\n  {}: {}\n  run it again: {} --rerun {}\n", id, record.cell.workload,
               record.cell.backend, cell->label, to_string(record.status), indented(record.error), again, id);
  }
  if (!summary.failed_before.empty())
    fmt::print(
        stderr, "\n{} cell{} failed in an earlier run and {} not run again. To run {} again: {} --rerun failed\n",
        summary.failed_before.size(), summary.failed_before.size() == 1 ? "" : "s",
        summary.failed_before.size() == 1 ? "was" : "were", summary.failed_before.size() == 1 ? "it" : "them", again);
}

int exit_code_of(const RunSummary& summary, bool gates_broken) {
  if (summary.interrupted) return exit_interrupted;
  if (summary.only_user_errors) return exit_usage;
  if (summary.only_unavailable) return exit_unavailable;
  if (!summary.failed.empty() || !summary.failed_before.empty()) return exit_cells_failed;
  return gates_broken ? exit_gate : exit_ok;
}

void refuse_searches(const PlanFile& file) {
  for (const Plan& plan : file.plans) {
    if (!plan.search) continue;
    throw UserError(
        Place{file.file},
        fmt::format("plan '{}' has a search: `frugal search` runs it, and `frugal run` the others", plan.name));
  }
}

int run_plan(const Call& call) {
  const LoadedPlan loaded = load_plan_of(call);
  refuse_searches(loaded.file);
  std::vector<PlannedCell> cells = planned_cells(loaded.file);
  std::vector<std::string> ids;
  for (const PlannedCell& cell : cells) ids.push_back(cell.id);
  if (const auto expression = call.one("only")) cells = only(std::move(cells), *expression);
  if (const auto which = call.one("shard")) cells = shard(cells, *which);
  const auto rerun_text = call.one("rerun");
  const Rerun rerun = rerun_text ? Rerun::parse(*rerun_text, cells) : Rerun{};
  // With --only, a plan for several back ends runs where only one of them is there.
  if (report_unavailable(cells)) return exit_unavailable;

  StopSignals stops;
  Progress progress(Progress::standard_screen());
  // A part that runs again is appended: its new records win, and the other cells' records stay.
  const bool start_anew = rerun.what == Rerun::What::all && !call.has("only") && !call.has("shard");
  Inputs inputs = inputs_of(loaded, call);
  Provenance provenance = provenance_of(loaded, call);
  const bool any_order =
      std::ranges::any_of(loaded.file.plans, [](const Plan& plan) { return plan.measure.order_seed.has_value(); });
  // Reports keep the plan's order, and a merge of parts knows what all of them are.
  if (any_order || call.has("only") || call.has("shard")) provenance.plan["cells"] = ids;
  ResultStore store(
      records_folder(call, loaded.file), provenance,
      {.start_anew = start_anew, .mix = call.has("mix"), .inputs = inputs.of_all(cells), .cells = std::move(ids)});
  if (const std::size_t stale = store.stale().size(); stale > 0)
    progress.say(
        fmt::format("{} finished {} in no plan of this file any more: reports leave {} out (--rerun all "
                    "starts anew)",
                    stale, stale == 1 ? "cell is" : "cells are", stale == 1 ? "it" : "them"));
  const RunSummary summary = run_cells({.workloads = call.workloads,
                                        .store = store,
                                        .progress = progress,
                                        .execute = child_executor(stops),
                                        .inputs = inputs,
                                        .cells = in_run_order(cells),
                                        .rerun = rerun});

  const std::string again = command_again(call.command);
  print_failures(summary, cells, again);
  const bool is_part = call.has("only") || call.has("shard") || rerun.what == Rerun::What::one;
  GateReport gates;
  if (!summary.interrupted) gates = check_gates(loaded.file, cells, summary.records, is_part);
  for (const std::string& line : gates.broken) fmt::print(stderr, "gate broken: {}\n", line);
  for (const std::string& line : gates.close) fmt::print(stderr, "gate kept: {}\n", line);
  if (summary.interrupted)
    fmt::print(stderr, "\ninterrupted: {} of {} cells are done and kept. To go on: {}\n",
               summary.done_before + summary.done_now, cells.size(), again);

  fmt::print("records: {} ({} ok", store.folder().string(), summary.done_before + summary.done_now);
  const std::size_t failures = summary.failed.size() + summary.failed_before.size();
  if (failures > 0) fmt::print(", {} failed", failures);
  fmt::print(")\ntable:   {} report {}\n", shell_word(call.command[0]), shell_word(store.folder().string()));
  return exit_code_of(summary, !gates.broken.empty());
}

}  // namespace

Verb run_verb() {
  return {
      .name = "run",
      .summary = "run a plan; continues where it stopped",
      .help =
          "Runs a plan, each cell in a process of its own. Finished cells are kept at once, and are not run again "
          "when the same command is given again: a run that was stopped goes on where it was. Failed cells are "
          "neither repeated nor called done until --rerun failed. PLAN is a file or the name of a built-in plan "
          "(frugal list plans).",
      .arguments = {plan_argument()},
      .options =
          {set_option(),
           out_option("the records go"),
           {.name = "only",
            .value = "PATH=VALUE[,...]",
            .help = "only cells that match all pairs: backend=cpu,params.inr.grid=2"},
           {.name = "rerun",
            .value = "failed|all|ID",
            .help = "runs these again: what failed, everything (the old record is kept as .bak), one cell",
            .values = {.words = words(rerun_names)}},
           {.name = "shard",
            .value = "I/N",
            .help =
                "only the Ith of N parts of the cells, to share the work; give each shard its own --out, and see frugal merge"},
           mix_option(),
           data_dir_option(),
           modified_data_option()},
      .examples = {"frugal run demo", "frugal run benchmarks/plans/smoke.yaml --set measure.repeats=3 --out /tmp/smoke",
                   "frugal run benchmarks/plans/smoke.yaml --only backend=cpu,seed=1",
                   "frugal run demo --rerun failed"},
      .run = run_plan};
}

}  // namespace frugal::harness
