#include "benchmarks/harness/cli/paired_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/judge/paired.hpp"
#include "benchmarks/harness/plan/overrides.hpp"
#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/run/conditions.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/run/signals.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "impl/base/process.hpp"

namespace frugal::harness {
namespace {

/// Dotted path and value: what a cell is told by.
using Told = std::vector<std::pair<std::string, Json>>;

/// One of the two, with the settings it alone gets.
struct Contender {
  std::string program;
  std::vector<std::string> settings;
  std::filesystem::path folder;  ///< of its records
  PlanFile plan;
  std::vector<PlannedCell> cells;  ///< the partner of a cell has the same place on the other side
  std::vector<std::string> varying;

  /// What tells a cell from the others, and its seed, so that it is never nothing. Unlike an id it names the cell in
  /// every build that has these parameters, whatever others came later.
  Told told(const PlannedCell& cell) const {
    Told told{{"seed", cell.json.at("seed")}};
    for (const std::string& path : varying)
      if (const Json* value = cell_value(cell.json, path); value != nullptr && path != "seed")
        told.emplace_back(path, *value);
    return told;
  }
};

/// As --only takes it.
std::string only_text(const Told& told) {
  std::string text;
  for (const auto& [path, value] : told)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", path,
                        value.dump(-1, ' ', false, Json::error_handler_t::replace));
  return text;
}

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
    pair_cells();
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
    const Told asked = one.told(one.cells[index]);
    std::vector<std::string> command = {one.program, "run", plan_name(), "--out",         folder.string(),
                                        "--rerun",   "all", "--only",    only_text(asked)};
    for (const std::string& setting : one.settings) command.insert(command.end(), {"--set", setting});
    for (const std::string& dir : call_.all("data-dir")) command.insert(command.end(), {"--data-dir", dir});
    const ConditionsMeter meter(usable_processors());
    const ProcessResult result = run_process(command, std::filesystem::current_path(), Stdout::dropped, stops_.fd());
    if (stops_.count() > 0) throw Interrupted();
    const RepeatConditions conditions = meter.read();  // our children count as ours
    if (!result.started) throw UserError(fmt::format("{}: no such program", one.program));
    // A broken gate is no matter of time.
    if (result.exit_code != exit_ok && result.exit_code != exit_gate) {
      const std::string why =
          fmt::format("{} ended with exit code {}: {}", one.program, result.exit_code, result.errors);
      if (result.exit_code == exit_unavailable) throw UnavailableError(why);
      throw UserError(why);
    }
    TimedRun timed;
    timed.others = conditions.others.value_or(0) + conditions.steal.value_or(0);
    const CellRecord record = record_of(one, asked, folder);
    const std::optional<double> seconds = stage_seconds(record, "total");
    if (!seconds || *seconds <= 0)
      throw UserError(fmt::format("{} left no time of a cell in {}", one.program, folder.string()));
    timed.seconds = *seconds;
    timed.instructions = stage_use(record, "total", counted_instructions);
    return timed;
  }

 private:
  std::string plan_name() const { return call_.one("plan").value_or("smoke"); }

  Contender contender(std::size_t argument, const std::string& option, std::filesystem::path folder) const {
    Contender one{.program = call_.arguments.at(argument),
                  .settings = {},
                  .folder = std::move(folder),
                  .plan = {},
                  .cells = {},
                  .varying = {}};
    std::vector<Override> overrides;
    for (const std::string& given_by : {std::string("set"), option})
      for (const std::string& text : call_.all(given_by)) {
        one.settings.push_back(text);
        overrides.push_back(read_assignment(given_by, text, "seeds=[1,2]"));
      }
    one.plan = load_plan(plan_name(), overrides, call_.workloads, data_dirs_from(call_.all("data-dir")));
    one.cells = planned_cells(one.plan);
    std::vector<const Json*> all;
    for (const PlannedCell& cell : one.cells) all.push_back(&cell.json);
    one.varying = varying_paths(all);
    return one;
  }

  /// Is this what --set-old or --set-new give?
  bool is_set_apart(const std::string& path) const {
    for (const char* option : {"set-old", "set-new"})
      for (const std::string& setting : call_.all(option)) {
        std::string set = setting.substr(0, setting.find('='));
        if (set == "seeds") set = "seed";
        if (path == set || path.starts_with(set + ".")) return true;
      }
    return false;
  }

  /// What both of a pair must agree on.
  Json pair_key(const PlannedCell& cell, bool same_cells) const {
    if (same_cells) return cell.id;
    Json key = Json::object();
    for (const Contender& side : sides_)
      for (const std::string& path : side.varying)
        if (const Json* value = cell_value(cell.json, path); value != nullptr && !is_set_apart(path))
          key[path] = *value;
    return key;
  }

  /// Brings the old cells to the places of their partners. Where both sides have the same cells a pair is one cell;
  /// else it agrees in all but what one side alone is given, whose values are paired in their order.
  void pair_cells() {
    Contender& old_one = sides_[0];
    const auto ids_of = [](const Contender& side) {
      std::set<std::string> ids;
      for (const PlannedCell& cell : side.cells) ids.insert(cell.id);
      return ids;
    };
    const bool same_cells = ids_of(old_one) == ids_of(sides_[1]);
    std::multimap<Json, PlannedCell> waiting;  // of one key in the order in which they came
    for (PlannedCell& cell : old_one.cells) {
      Json key = pair_key(cell, same_cells);
      waiting.emplace(std::move(key), std::move(cell));
    }
    old_one.cells.clear();
    for (const PlannedCell& cell : sides_[1].cells) {
      const Json key = pair_key(cell, same_cells);
      const auto partner = waiting.lower_bound(key);
      if (partner == waiting.end() || partner->first != key)
        throw UserError(
            fmt::format("the new settings make the cell '{}', which no cell of the old ones belongs to: "
                        "--set-old and --set-new must leave the same cells but for the values they give",
                        cell.label));
      old_one.cells.push_back(std::move(partner->second));
      waiting.erase(partner);
    }
  }

  /// The folder has the cell that was asked for, and no other: of its records the last counts.
  static CellRecord record_of(const Contender& one, const Told& asked, const std::filesystem::path& folder) {
    Run run = load_run(folder);
    if (run.cells.size() == 1 && matches(run.cells.front().cell.to_json(), asked)) return std::move(run.cells.front());
    throw UserError(
        fmt::format("{} was to run the one cell {}, and left {} in {}: its plan '{}' must be another one "
                    "than ours",
                    one.program, only_text(asked),
                    run.cells.size() == 1 ? "another one" : fmt::format("{} cells", run.cells.size()), folder.string(),
                    one.plan.file));
  }

  const Call& call_;
  Contender sides_[2];
  StopSignals stops_;
};

/// The program, and the settings that it alone was given.
std::string contender_name(const Call& call, std::size_t argument, const std::string& option) {
  std::string name = call.arguments.at(argument);
  for (const std::string& setting : call.all(option)) name += " --set " + shell_word(setting);
  return name;
}

}  // namespace

Judgement check_pairs(const Call& call) {
  const PairedRuns runs(call);
  PairedRule rule;
  if (const auto slowdown = call.one("slowdown")) rule.slowdown = share_of("slowdown", *slowdown);
  Judgement judgement = judge_pairs(
      runs.cells(), rule, [&](Side side, std::size_t index) { return runs.time_cell(side, index); },
      [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
  judgement.baseline = contender_name(call, 0, "set-old");
  judgement.run = contender_name(call, 1, "set-new");
  runs.describe(judgement);
  return judgement;
}

}  // namespace frugal::harness
