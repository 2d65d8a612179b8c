#include "benchmarks/harness/cli/paired_check.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/judge/paired.hpp"
#include "benchmarks/harness/plan/overrides.hpp"
#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/run/conditions.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "impl/base/process.hpp"

namespace frugal::harness {
namespace {

/// One of the two, with the settings it alone gets.
struct Contender {
  std::string program;
  std::vector<std::string> settings;
  std::filesystem::path folder;  ///< of its records
  PlanFile plan;
  std::vector<PlannedCell> cells;
};

/// The folder, or the first of folder.1, folder.2, ... that is not there: each check has records of its own.
std::filesystem::path fresh(const std::filesystem::path& folder) {
  std::filesystem::path result = folder;
  for (int number = 1; std::filesystem::exists(result); ++number)
    result = fmt::format("{}.{}", folder.string(), number);
  return result;
}

class PairedRuns {
 public:
  explicit PairedRuns(const Call& call) : call_(call) {
    const std::filesystem::path plan = call.one("plan").value_or("smoke");
    const std::filesystem::path folder =
        fresh(call.one("out").value_or("results/local/paired_" + plan.stem().string()));
    sides_[0] = contender(0, "set-old", folder / "old");
    sides_[1] = contender(1, "set-new", folder / "new");
    if (sides_[0].cells.size() != sides_[1].cells.size()) {
      throw UserError(fmt::format("the two settings make {} cells of the old and {} of the new: nothing to pair",
                                  sides_[0].cells.size(), sides_[1].cells.size()));
    }
  }

  std::vector<Finding> cells() const {
    std::vector<Finding> findings;
    for (const PlannedCell& cell : sides_[1].cells) {
      Finding finding;
      finding.id = cell.id;
      finding.suite = cell.cell->workload + "." + cell.cell->backend;
      finding.cell = cell.label;
      findings.push_back(std::move(finding));
    }
    return findings;
  }

  /// By the records of the first cell: both programs ran it on this machine.
  void describe(Judgement& judgement) const {
    const Run old_run = load_run(sides_[0].folder / "1");
    const Run new_run = load_run(sides_[1].folder / "1");
    describe_runs(old_run, new_run, judgement);
    judgement.plan.clear();  // nobody can repeat one half alone
    const Json counted = new_run.provenance.machine.value("instructions", Json("not counted: by an older program"));
    if (counted != "counted") judgement.notes.push_back(fmt::format("Instructions: {}.", counted.get<std::string>()));
  }

  /// By the program's own record; each is kept.
  TimedRun time_cell(Side side, std::size_t index) const {
    const Contender& one = sides_[side == Side::old_one ? 0 : 1];
    const std::filesystem::path folder = one.folder / std::to_string(index + 1);
    std::vector<std::string> command = {
        one.program, "run",           plan_name(),
        "--out",     folder.string(), "--rerun",
        "all",       "--shard",       fmt::format("{}/{}", index + 1, one.cells.size())};
    for (const std::string& setting : one.settings) command.insert(command.end(), {"--set", setting});
    for (const std::string& dir : call_.all("data-dir")) command.insert(command.end(), {"--data-dir", dir});
    const ConditionsMeter meter(usable_processors());
    const ProcessResult result = run_process(command, std::filesystem::current_path());
    const RepeatConditions conditions = meter.read();  // our children count as ours
    if (!result.started) throw UserError(fmt::format("{}: no such program", one.program));
    // A broken gate is no matter of time.
    if (result.exit_code != exit_ok && result.exit_code != exit_gate) {
      throw UserError(fmt::format("{} ended with exit code {}: {}", one.program, result.exit_code, result.errors));
    }
    TimedRun timed;
    timed.others = conditions.others.value_or(0) + conditions.steal.value_or(0);
    // The folder has this cell alone, under whatever id that build gives it; of its records the last counts.
    const Run run = load_run(folder);
    const std::optional<double> seconds = run.cells.empty() ? std::nullopt : stage_seconds(run.cells.back(), "total");
    if (!seconds || *seconds <= 0)
      throw UserError(fmt::format("{} left no time of a cell in {}", one.program, folder.string()));
    timed.seconds = *seconds;
    timed.instructions = stage_use(run.cells.back(), "total", counted_instructions);
    return timed;
  }

 private:
  std::string plan_name() const { return call_.one("plan").value_or("smoke"); }

  Contender contender(std::size_t argument, const std::string& option, std::filesystem::path folder) const {
    Contender one{
        .program = call_.arguments.at(argument), .settings = {}, .folder = std::move(folder), .plan = {}, .cells = {}};
    one.settings = call_.all("set");
    for (const std::string& setting : call_.all(option)) one.settings.push_back(setting);
    std::vector<Override> overrides;
    for (const std::string& text : one.settings) overrides.push_back(read_assignment("set", text, "seeds=[1,2]"));
    one.plan = load_plan(plan_name(), overrides, call_.workloads, data_dirs_from(call_.all("data-dir")));
    one.cells = planned_cells(one.plan);
    return one;
  }

  const Call& call_;
  Contender sides_[2];
};

}  // namespace

Judgement check_pairs(const Call& call) {
  const PairedRuns runs(call);
  PairedRule rule;
  if (const auto slowdown = call.one("slowdown")) rule.slowdown = share_of("slowdown", *slowdown);
  Judgement judgement = judge_pairs(
      runs.cells(), rule, [&](Side side, std::size_t index) { return runs.time_cell(side, index); },
      [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
  judgement.baseline = call.arguments.at(0);
  judgement.run = call.arguments.at(1);
  runs.describe(judgement);
  return judgement;
}

}  // namespace frugal::harness
