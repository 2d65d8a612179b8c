#include "benchmarks/harness/search/search_runner.hpp"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <set>

#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// The cells that the strategies ask for, run once.
class SearchRunner {
 public:
  explicit SearchRunner(RunRequest request) : request_(std::move(request)) {
    for (const CellRecord& record : request_.store.existing()) {
      if (request_.rerun.what != Rerun::What::failed || record.status == Status::ok) records_[record.id] = record;
    }
    request_.rerun = {Rerun::What::failed};  // what the store has of the cells that are missing here failed
  }

  SearchOutcome search(const Plan& plan) {
    const Workload* workload = find_workload(request_.workloads, plan.workload);
    assert(workload != nullptr && "a plan names one of the workloads");
    return run_search(
        plan, *workload, records_, [&](const std::vector<PlannedCell>& cells) { run(cells); },
        [&](const std::string& line) { request_.progress.say(line); });
  }

 private:
  void run(const std::vector<PlannedCell>& cells) {
    request_.cells.clear();
    for (const PlannedCell& cell : cells) {
      if (!records_.contains(cell.id)) request_.cells.push_back(cell);
    }
    if (request_.cells.empty()) return;
    RunSummary summary = run_cells(request_);
    records_.merge(summary.records);
    if (summary.interrupted) throw Interrupted();
  }

  RunRequest request_;
  CellRecords records_;
};

}  // namespace

std::vector<SearchOutcome> run_searches(const PlanFile& file, RunRequest request) {
  SearchRunner runner(std::move(request));
  std::vector<SearchOutcome> outcomes;
  for (const Plan& plan : file.plans) outcomes.push_back(runner.search(plan));
  return outcomes;
}

std::size_t failed_cells(const std::vector<SearchOutcome>& outcomes, const Run& run) {
  std::set<std::string> asked;
  for (const SearchOutcome& outcome : outcomes) {
    for (const StrategyOutcome& strategy : outcome.strategies) {
      for (const SearchTrial& trial : strategy.trials) asked.insert(trial.cells.begin(), trial.cells.end());
    }
  }
  return static_cast<std::size_t>(std::ranges::count_if(
      run.cells, [&](const CellRecord& record) { return record.status != Status::ok && asked.contains(record.id); }));
}

void write_searches(const std::vector<SearchOutcome>& outcomes, const std::filesystem::path& folder) {
  Json json = {{"schema", 1}, {"searches", Json::array()}};
  for (const SearchOutcome& outcome : outcomes) json["searches"].push_back(to_json(outcome));
  write_whole_file(folder / "search.json", json.dump(2) + "\n");
}

}  // namespace frugal::harness
