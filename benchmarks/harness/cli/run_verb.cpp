// `frugal run`: runs what is not done yet, and says what came of it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/backend_facts.hpp"
#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/plan_arguments.hpp"
#include "benchmarks/harness/cli/run_talk.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/gate.hpp"
#include "benchmarks/harness/run/runner.hpp"

namespace frugal::harness {
namespace {

const VerbSpec run_verb = {
    "run PLAN [OPTIONS]",
    "Runs a plan, each cell in a process of its own. Finished cells are kept at once, and are not run again when the\n"
    "same command is given again: a run that was stopped goes on where it was. Failed cells are neither repeated nor\n"
    "called done until --rerun failed. PLAN is a file or the name of a built-in plan (frugal list plans).",
    1,
    1,
    {set_option(),
     {"out", "DIR", "where the records go; default: results/local/<name of the plan file>"},
     {"only", "PATH=VALUE[,...]", "only cells that match all pairs: backend=cpu,params.inr.grid=2"},
     {"rerun", "failed|all|ID", "runs these again: what failed, everything (the old record is kept as .bak), one cell"},
     {"shard", "I/N", "only every Nth cell from the Ith, to share the work; give each shard its own --out"},
     data_dir_option()},
    {"frugal run demo", "frugal run benchmarks/plans/smoke.yaml --set measure.repeats=3 --out /tmp/smoke",
     "frugal run benchmarks/plans/smoke.yaml --only backend=cpu,seed=1", "frugal run demo --rerun failed"}};

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

bool needs_what_is_missing(const std::vector<PlannedCell>& cells, const Workloads& workloads,
                           const std::vector<std::filesystem::path>& data_dirs) {
  for (const Workload* workload : workloads)
    for (const PlannedCell& cell : cells) {
      if (cell.cell->workload != workload->name()) continue;
      for (const Complaint& complaint : workload->check(*cell.cell, data_dirs))
        if (complaint.unavailable) return true;
    }
  return false;
}

int exit_code_of(const RunSummary& summary, bool gates_broken) {
  if (summary.interrupted) return exit_interrupted;
  if (summary.only_user_errors) return exit_usage;
  if (summary.only_unavailable) return exit_unavailable;
  if (!summary.failed.empty() || !summary.failed_before.empty()) return exit_cells_failed;
  return gates_broken ? exit_gate : exit_ok;
}

}  // namespace

int run_run_verb(const Args& args, const Workloads& workloads, const Args& command) {
  const std::optional<ParsedOptions> options = parse_options(run_verb, args);
  if (!options) return exit_ok;
  const LoadedPlan loaded = load_plan_of(*options, workloads);
  for (const Plan& plan : loaded.file.plans) {
    if (plan.search) {
      throw UserError(
          Place{loaded.file.file},
          fmt::format("plan '{}' has a search: `frugal search` runs it, and `frugal run` the others", plan.name));
    }
  }
  std::vector<PlannedCell> cells = planned_cells(loaded.file);
  if (const auto expression = options->one("only")) cells = only(std::move(cells), *expression);
  if (const auto which = options->one("shard")) cells = shard(cells, *which);
  const auto rerun_text = options->one("rerun");
  const Rerun rerun = rerun_text ? Rerun::parse(*rerun_text, cells) : Rerun{};
  // With --only, a plan for several back ends runs where only one of them is there.
  if (needs_what_is_missing(cells, workloads, loaded.data_dirs) && report_unavailable(loaded.file))
    return exit_unavailable;

  const Json backends = backend_facts();
  const Provenance provenance =
      make_provenance(loaded.file, loaded.overrides, workloads, command, backends, library_versions(backends));
  const std::filesystem::path folder =
      options->one("out").value_or("results/local/" + std::filesystem::path(loaded.file.file).stem().string());

  StopSignals stops;
  Progress progress(Progress::standard_screen());
  // A part that runs again is appended: its new records win, and the other cells' records stay.
  const bool start_anew = rerun.what == Rerun::What::all && !options->has("only") && !options->has("shard");
  ResultStore store(folder, provenance, start_anew);
  const RunSummary summary = run_cells(cells, rerun, loaded.data_dirs, folder, store, child_executor(stops), progress,
                                       [&](const CellRecord& record) { return main_metrics_text(record, workloads); });

  const std::string again = command_again(command);
  print_failures(summary, cells, again);
  const bool is_part = options->has("only") || options->has("shard") || rerun.what == Rerun::What::one;
  std::vector<std::string> broken;
  if (!summary.interrupted) broken = broken_gates(loaded.file, cells, summary.records, is_part);
  for (const std::string& line : broken) fmt::print(stderr, "gate broken: {}\n", line);
  if (summary.interrupted)
    fmt::print(stderr, "\ninterrupted: {} of {} cells are done and kept. To go on: {}\n",
               summary.done_before + summary.done_now, cells.size(), again);

  fmt::print("records: {} ({} ok", folder.string(), summary.done_before + summary.done_now);
  const std::size_t failures = summary.failed.size() + summary.failed_before.size();
  if (failures > 0) fmt::print(", {} failed", failures);
  fmt::print(")\ntable:   {} report {}\n", shell_word(command[0]), shell_word(folder.string()));
  return exit_code_of(summary, !broken.empty());
}

}  // namespace frugal::harness
