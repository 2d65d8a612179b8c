// `frugal run`: runs what is not done yet, and says what came of it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/plan_cells.hpp"
#include "benchmarks/harness/cli/run_closing.hpp"
#include "benchmarks/harness/cli/screen.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/gate.hpp"
#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/run/readiness.hpp"
#include "benchmarks/harness/run/runner.hpp"
#include "benchmarks/harness/study/select.hpp"
#include "benchmarks/harness/study/shards.hpp"
#include "impl/base/number.hpp"

namespace frugal::harness {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

int exit_code_of(const RunSummary& summary, bool gates_broken) {
  if (summary.interrupted) return exit_interrupted;
  if (summary.stopped) return exit_cells_failed;  // what the others would have come to is unknown
  if (summary.failures() > 0) return exit_cells_failed;
  return gates_broken ? exit_gate : exit_ok;
}

/// One JSON object a line; each is out before the next thing happens.
void print_event(const Json& event) {
  // Error texts may hold any byte that a library printed.
  fmt::print("{}\n", event.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::fflush(stdout);
}

Progress::Screen screen_of(const Call& call) {
  Progress::Screen screen = Progress::standard_screen();
  if (call.has("json")) {
    screen.event = print_event;
    // Events on the same terminal would tear the line that is rewritten.
    if (::isatty(STDOUT_FILENO) == 1) screen.is_terminal = screen.colour = false;
  }
  if (call.has("quiet")) {
    screen.is_terminal = false;
    screen.write = [](std::string_view) {};
  }
  return screen;
}

/// Does its author want times, and not only what comes out?
bool measures_times(const Measure& measure) {
  return measure.repeats > 1 || measure.max_repeats > 1 || measure.limits || measure.pin;
}

/// --jobs: only cells whose times nobody asked for, and that leave the processors to each other.
int jobs_of(const Call& call, const std::vector<PlannedCell>& cells) {
  const auto text = call.one("jobs");
  if (!text) return 1;
  const int jobs = number_in<int>(*text).value_or(0);
  if (jobs < 1 || jobs > most_jobs)
    throw UserError(
        fmt::format("--jobs {}: write how many cells may run side by side, from 1 to {}", *text, most_jobs));
  for (const PlannedCell& cell : cells) {
    if (jobs == 1) break;
    if (measures_times(measure_of(*cell.cell, cell.plan->measure)))
      throw UserError(
          fmt::format("--jobs: plan '{}' measures times (more than one repeat, limits or pin), which cells "
                      "side by side would spoil",
                      cell.plan->name));
    if (effective_threads(limits_of(*cell.cell, cell.plan->limits)) != 1)
      throw UserError("--jobs runs cells of one thread each side by side: --set limits.threads=1");
    if (limits_of(*cell.cell, cell.plan->limits).ranks != 1)
      throw UserError("--jobs runs cells of one process each side by side: --set limits.ranks=1");
  }
  return jobs;
}

/// Once for the run: what would spoil the times of some of its cells.
void say_obstacles(const std::vector<PlannedCell>& cells, Progress& progress) {
  int threads = 0;
  for (const PlannedCell& cell : cells)
    if (measures_times(measure_of(*cell.cell, cell.plan->measure)))
      threads = std::max(threads, effective_threads(limits_of(*cell.cell, cell.plan->limits)));
  if (threads == 0) return;
  for (const std::string& obstacle : measuring_obstacles(threads, usable_processors()))
    progress.say("times may be poor: " + obstacle);
}

/// All that the folder has now: gates are about all seeds of a cell, whichever command ran them.
StoredRecords records_of(const ResultStore& store, const RunSummary& summary) {
  StoredRecords records;
  for (const CellRecord& record : store.existing()) records[record.id] = &record;
  for (const auto& [id, record] : summary.records) records[id] = &record;
  return records;
}

/// Ids of the cells that this command is about, where it leaves others out.
std::optional<std::set<std::string>> part_of(const Call& call, const std::vector<PlannedCell>& cells,
                                             const Rerun& rerun) {
  if (rerun.what == Rerun::What::one) return std::set{rerun.id};
  if (!call.has("only") && !call.has("shard")) return std::nullopt;
  std::set<std::string> ids;
  for (const PlannedCell& cell : cells) ids.insert(cell.id);
  return ids;
}

int run_plan(const Call& call) {
  const LoadedPlan loaded = load_plan_of(call);
  refuse_searches(loaded.file);
  std::vector<PlannedCell> cells = planned_cells(loaded.file);
  std::vector<std::string> ids;
  ids.reserve(cells.size());
  for (const PlannedCell& cell : cells) ids.push_back(cell.id);
  if (const auto expression = call.one("only")) cells = only(std::move(cells), *expression);
  if (const auto which = call.one("shard")) cells = shard(cells, *which, call.workloads);
  const auto rerun_text = call.one("rerun");
  const Rerun rerun = rerun_text ? Rerun::parse(*rerun_text, cells) : Rerun{};
  const int jobs = jobs_of(call, cells);
  if (call.has("dry-run") && call.has("json"))
    throw UserError("--dry-run prints cells for people; --json is for a run's events");
  if (call.has("dry-run")) return print_cells(loaded.file, cells, call.workloads);
  // With --only, a plan for several back ends runs where only one of them is there.
  if (report_unavailable(cells)) return exit_unavailable;

  StopSignals stops;
  const Progress::Screen screen = screen_of(call);
  const double start = screen.now();
  Progress progress(screen);
  // A part that runs again is appended: its new records win, and the other cells' records stay.
  const bool start_anew = rerun.what == Rerun::What::all && !call.has("only") && !call.has("shard");
  Inputs inputs = inputs_of(loaded, call);
  Provenance provenance = provenance_of(loaded, call);
  provenance.plan["cells"] = ids;
  ResultStore store(
      records_folder(call, loaded.file), provenance,
      {.start_anew = start_anew, .mix = call.has("mix"), .inputs = inputs.of_all(cells), .cells = std::move(ids)});
  if (const std::size_t stale = store.stale().size(); stale > 0)
    progress.say(
        fmt::format("{} finished {} in no plan of this file any more: reports leave {} out (--rerun all "
                    "starts anew)",
                    stale, stale == 1 ? "cell is" : "cells are", stale == 1 ? "it" : "them"));
  if (start_anew || store.existing().size() < cells.size()) say_obstacles(cells, progress);
  const RunSummary summary = run_cells({.workloads = call.workloads,
                                        .store = store,
                                        .progress = progress,
                                        .execute = child_executor(stops, call.workloads),
                                        .inputs = inputs,
                                        .cells = in_run_order(cells),
                                        .rerun = rerun,
                                        .fail_fast = call.has("fail-fast"),
                                        .jobs = jobs});

  GateReport gates;
  if (!summary.interrupted && !summary.stopped)
    gates = check_gates(loaded.file, records_of(store, summary), part_of(call, cells, rerun));
  const std::string folder = store.folder().string();
  const RunClosing closing{.summary = summary,
                           .cells = cells,
                           .gates = gates,
                           .records = folder,
                           .again = command_again(call.command),
                           .report = shell_word(call.command[0]) + " report " + shell_word(folder),
                           .wall_s = screen.now() - start};
  fmt::print(stderr, "{}", failures_text(closing));
  fmt::print(stderr, "{}", gates.text());
  if (summary.interrupted)
    fmt::print(stderr, "\ninterrupted: {} of {} cells are done and kept. To go on: {}\n", summary.done(), summary.cells,
               closing.again);
  if (summary.stopped) fmt::print(stderr, "\nstopped at the first failed cell (--fail-fast)\n");
  const int code = exit_code_of(summary, !gates.broken.empty());
  fmt::print(call.has("json") ? stderr : stdout, "{}", closing_table(closing, screen_columns().value_or(no_limit)));
  if (screen.event) screen.event(finish_event(closing, code));
  return code;
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
           rerun_option(),
           {.name = "shard",
            .value = "I/N",
            .help = "only the Ith of N parts of the cells, to share the work; give each shard its own --out, and see "
                    "frugal merge"},
           {.name = "dry-run", .value = "", .help = "prints the cells, as frugal plan does, and runs nothing"},
           {.name = "fail-fast", .value = "", .help = "stops at the first cell that fails; the others stay to do"},
           {.name = "jobs",
            .value = "N",
            .help = "runs N cells of one thread each side by side; their times then count as disturbed"},
           {.name = "quiet", .value = "", .help = "says only what failed, and the table at the end", .letter = 'q'},
           {.name = "json",
            .value = "",
            .help = "what happens as JSON, an event a line, on standard output; what is for people goes to "
                    "standard error"},
           mix_option(),
           data_dir_option(),
           modified_data_option()},
      .examples = {"frugal run demo", "frugal run benchmarks/plans/smoke.yaml --set measure.repeats=3 --out /tmp/smoke",
                   "frugal run benchmarks/plans/smoke.yaml --only backend=cpu,seed=1",
                   "frugal run demo --rerun failed"},
      .run = run_plan};
}

}  // namespace frugal::harness
