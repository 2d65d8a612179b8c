// `frugal search`: looks for the best structure in the space of a plan, and says what that cost.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/cli/backend_facts.hpp"
#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/plan_arguments.hpp"
#include "benchmarks/harness/cli/run_talk.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/runner.hpp"
#include "benchmarks/harness/search/search_table.hpp"
#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

const VerbSpec search_verb = {
    "search PLAN [OPTIONS]",
    "Looks for the best structure in the space of a plan (its key `search`), with each strategy that it names, and\n"
    "prints what each found and what that cost. Evaluations are cells as of `frugal run`: kept at once, and not run\n"
    "again. A strategy is charged for all that it asks for, also when another one has asked for it before. Exit code "
    "1:\n"
    "no structure is within the bounds.",
    1,
    1,
    {set_option(),
     {"out", "DIR", "where records and search.json go; default: results/local/<name of the plan file>"},
     {"rerun", "failed|all", "runs again what failed, or everything (the old record is kept as .bak)"},
     {"format", "FORMAT", "md (default), csv, tex or html"},
     data_dir_option()},
    {"frugal search structure.yaml", "frugal search structure.yaml --set seeds=[1,2,3] --format tex"}};

Rerun::What read_rerun(const std::optional<std::string>& text) {
  if (!text) return Rerun::What::nothing;
  const std::vector<std::string> known{"failed", "all"};
  if (*text == known[0]) return Rerun::What::failed;
  if (*text == known[1]) return Rerun::What::all;
  throw UserError("--rerun: " + unknown_word("choice", *text, known));
}

void require_searches(const PlanFile& file) {
  for (const Plan& plan : file.plans) {
    if (!plan.search) {
      throw UserError(Place{file.file}, fmt::format("plan '{}' has no key 'search': `frugal run` runs it", plan.name));
    }
  }
}

/// The cells that the strategies ask for, run once.
class SearchRunner {
 public:
  SearchRunner(const LoadedPlan& loaded, const Workloads& workloads, std::filesystem::path folder,
               const Provenance& provenance, Rerun::What rerun)
      : loaded_(loaded),
        workloads_(workloads),
        folder_(std::move(folder)),
        store_(folder_, provenance, rerun == Rerun::What::all) {
    for (const CellRecord& record : store_.existing()) {
      if (rerun != Rerun::What::failed || record.status == Status::ok) records_[record.id] = record;
    }
  }

  /// Throws Interrupted.
  void run(const std::vector<PlannedCell>& cells) {
    std::vector<PlannedCell> missing;
    for (const PlannedCell& cell : cells) {
      if (!records_.contains(cell.id)) missing.push_back(cell);
    }
    if (missing.empty()) return;
    // What the store has of these failed, and is to run again.
    RunSummary summary =
        run_cells(missing, {Rerun::What::failed}, loaded_.data_dirs, folder_, store_, child_executor(stops_), progress_,
                  [&](const CellRecord& record) { return main_metrics_text(record, workloads_); });
    records_.merge(summary.records);
    if (summary.interrupted) throw Interrupted();
  }

  SearchOutcome search(const Plan& plan) {
    return run_search(
        plan, workload_of(plan, workloads_), records_, [&](const std::vector<PlannedCell>& cells) { run(cells); },
        [&](const std::string& line) { progress_.say(line); });
  }

  const CellRecords& records() const { return records_; }

 private:
  const LoadedPlan& loaded_;
  const Workloads& workloads_;
  std::filesystem::path folder_;
  StopSignals stops_;
  Progress progress_{Progress::standard_screen()};
  ResultStore store_;
  CellRecords records_;
};

std::size_t failed_cells(const std::vector<SearchOutcome>& outcomes, const CellRecords& records) {
  std::set<std::string> failed;
  for (const SearchOutcome& outcome : outcomes) {
    for (const StrategyOutcome& strategy : outcome.strategies) {
      for (const SearchTrial& trial : strategy.trials) {
        for (const std::string& id : trial.cells) {
          if (records.at(id).status != Status::ok) failed.insert(id);
        }
      }
    }
  }
  return failed.size();
}

void write_search_json(const std::vector<SearchOutcome>& outcomes, const std::filesystem::path& folder) {
  Json json = {{"schema", 1}, {"searches", Json::array()}};
  for (const SearchOutcome& outcome : outcomes) json["searches"].push_back(to_json(outcome));
  write_whole_file(folder / "search.json", json.dump(2) + "\n");
}

}  // namespace

int run_search_verb(const Args& args, const Workloads& workloads, const Args& command) {
  const std::optional<ParsedOptions> options = parse_options(search_verb, args);
  if (!options) return exit_ok;
  const TableFormat format = parse_format(options->one("format").value_or("md"));
  const Rerun::What rerun = read_rerun(options->one("rerun"));
  const LoadedPlan loaded = load_plan_of(*options, workloads);
  require_searches(loaded.file);
  if (report_unavailable(loaded.file)) return exit_unavailable;

  const Json backends = backend_facts();
  const Provenance provenance =
      make_provenance(loaded.file, loaded.overrides, workloads, command, backends, library_versions(backends));
  const std::filesystem::path folder =
      options->one("out").value_or("results/local/" + std::filesystem::path(loaded.file.file).stem().string());
  SearchRunner runner(loaded, workloads, folder, provenance, rerun);
  const std::string again = command_again(command);
  std::vector<SearchOutcome> outcomes;
  try {
    for (const Plan& plan : loaded.file.plans) outcomes.push_back(runner.search(plan));
  } catch (const Interrupted&) {
    fmt::print(stderr, "\ninterrupted: what is done is kept in {}. To go on: {}\n", folder.string(), again);
    return exit_interrupted;
  }
  write_search_json(outcomes, folder);
  const Run run = load_run(folder);
  std::vector<Table> tables;
  tables.reserve(outcomes.size());
  for (const SearchOutcome& outcome : outcomes) tables.push_back(search_table(outcome, run));
  fmt::print("{}", render(tables, format));
  fmt::print(stderr, "records: {}\n", folder.string());
  if (const std::size_t failed = failed_cells(outcomes, runner.records()); failed > 0) {
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

}  // namespace frugal::harness
