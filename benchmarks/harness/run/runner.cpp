#include "benchmarks/harness/run/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/cell_queue.hpp"
#include "benchmarks/harness/run/pinning.hpp"

namespace frugal::harness {
namespace {

bool is_to_run(const PlannedCell& cell, const Rerun& rerun, const CellRecord* before) {
  switch (rerun.what) {
    case Rerun::What::one:
      return cell.id == rerun.id;
    case Rerun::What::all:
      return true;
    case Rerun::What::failed:
      return before == nullptr || !before->ended_well();
    case Rerun::What::nothing:
      break;
  }
  return before == nullptr;
}

/// Done, but before its plan asked for an export: it must run once more.
bool lacks_export(const PlannedCell& cell, const Rerun& rerun, const CellRecord* before,
                  const std::filesystem::path& artifacts) {
  return rerun.what == Rerun::What::nothing && cell.plan->exports && before != nullptr &&
         before->status == Status::ok && !std::filesystem::exists(artifacts / export_name);
}

/// Where a plan tells the work of its cells, those of all plans tell of each other.
CellWork work_of(const PlannedCell& cell, const Workloads& workloads) {
  Json point = cell.json;
  point.erase("seed");
  const Measure& measure = cell.plan->measure;
  const double cost = known_flops(cell, workloads).value_or(0) * (measure.warmup + measure.repeats);
  const bool open_ended = measure.max_repeats > measure.repeats;
  return {.kind = cell.cell->workload + "/" + cell.cell->backend,
          .apart = cost > 0 && !open_ended ? "" : cell.plan->name,
          .point = cell.plan->name + point.dump(),
          .cost = cost,
          .open_ended = open_ended};
}

/// Set-up and warm-up are not in the record, so a run took longer.
double least_seconds(const CellRecord& record) {
  double sum = 0;
  for (const StageRecord& stage : record.stages) sum = std::accumulate(stage.wall_s.begin(), stage.wall_s.end(), sum);
  return sum;
}

/// A server a thread: it dies with the thread that made it.
class ServerOfThread {
 public:
  std::optional<CellServer>& mine() {
    const std::lock_guard lock(mutex_);
    return servers_[std::this_thread::get_id()];
  }

 private:
  std::mutex mutex_;
  std::map<std::thread::id, std::optional<CellServer>> servers_;
};

LimitsRequest limits_request(const CellRequest& request, const std::string& isa, const Workloads& workloads) {
  const Workload* workload = find_workload(workloads, request.cell.workload);
  assert(workload != nullptr);
  return {.backend = request.cell.backend,
          .precision = workload->precision(request.cell),
          .threads = request.threads,
          .isa = isa,
          .cpus = request.cpus};
}

/// A cell is worth having without the limits, but says why it has none.
void put_limits(const ChildReport& found, CellRecord& record) {
  record.limits = found.outcome.limits;
  if (failure_of(found) == Failure::none) return;
  record.absent["limits"] = !found.outcome.error.empty() ? found.outcome.error
                            : found.timed_out            ? "not found within a minute"
                                                         : "the process that was to find them crashed";
}

}  // namespace

Rerun Rerun::parse(const std::string& text, const std::vector<PlannedCell>& cells) {
  for (const auto& [what, word] : rerun_names)
    if (text == word) return {what};
  std::vector<std::string> found;
  for (const PlannedCell& cell : cells)
    if (!text.empty() && cell.id.starts_with(text)) found.push_back(cell.id);
  if (found.size() == 1) return {What::one, found.front()};
  throw UserError(fmt::format("--rerun '{}': {}; write failed, all, or the id of a cell (`frugal plan` shows them)",
                              text,
                              found.empty() ? "no selected cell has this id" : "several cells have ids that begin so"));
}

CellExecutor child_executor(StopSignals& stops, const Workloads& workloads) {
  auto known = std::make_shared<std::map<LimitsRequest, ChildReport>>();
  auto servers = std::make_shared<ServerOfThread>();
  return [&stops, &workloads, known, servers](const CellRequest& request, const Limits& limits,
                                              const ProgressSink& progress) {
    // Stopped between two cells: nothing new begins.
    CellEnd interrupted{.record = {}, .failure = Failure::interrupted};
    if (stops.count() > 0) return interrupted;
    CellRequest timed = request;
    timed.timeout_s = limits.timeout_s;
    timed.threads = effective_threads(limits);
    timed.ranks = limits.ranks;
    if (request.measure.pin) timed.cpus = pinned_processors(timed.threads);
    const ChildReport* found = nullptr;
    if (request.measure.limits) {  // --jobs refuses such plans: no other thread looks for limits
      const LimitsRequest wanted = limits_request(timed, limits.isa, workloads);
      if (!known->contains(wanted)) known->emplace(wanted, run_limits(wanted, stops));
      found = &known->at(wanted);
      if (found->stopped) return interrupted;
    }
    const ChildReport report = run_child(servers->mine(), timed, limits, stops, progress);
    CellEnd end{record_of(timed, limits, report), failure_of(report)};
    if (found != nullptr) put_limits(*found, end.record);
    return end;
  };
}

RunSummary run_cells(const RunRequest& request) {
  Progress& progress = request.progress;
  RunSummary summary;
  summary.cells = request.rerun.what == Rerun::What::one ? 1 : request.cells.size();
  std::map<std::string, const CellRecord*> before;
  for (const CellRecord& record : request.store.existing()) before[record.id] = &record;
  std::vector<QueuedCell> todo;
  for (const PlannedCell& cell : request.cells) {
    const auto known = before.find(cell.id);
    const CellRecord* record = known == before.end() ? nullptr : known->second;
    const std::filesystem::path artifacts = artifacts_of(request.store.folder(), cell.id);
    CellWork work = work_of(cell, request.workloads);
    if (record != nullptr && record->status == Status::ok) progress.know(work, least_seconds(*record));
    if (is_to_run(cell, request.rerun, record) || lacks_export(cell, request.rerun, record, artifacts)) {
      progress.expect(work);
      todo.push_back({&cell, std::move(work)});
      continue;
    }
    if (record == nullptr || request.rerun.what == Rerun::What::one) continue;
    summary.records[cell.id] = *record;
    if (record->ended_well())
      ++summary.done_before;
    else
      summary.failed_before.push_back(cell.id);
  }
  const std::size_t all = request.cells.size();
  progress.start(request.store.folder().string(), static_cast<int>(summary.cells));
  if (summary.done_before > 0 && !todo.empty())
    progress.say(fmt::format("going on: {} of {} cells are done already", summary.done_before, all));
  if (todo.empty() && summary.failed_before.empty())
    progress.say(fmt::format("nothing to do: all {} cells are done (--rerun all runs them again)", all));

  CellQueue queue(request, std::move(todo), summary);
  queue.run();
  return summary;
}

}  // namespace frugal::harness
