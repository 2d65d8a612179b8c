#include "benchmarks/harness/run/cell_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/main_metrics.hpp"
#include "impl/base/error.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {

void CellQueue::run() {
  // A child dies with the thread that started it, so each thread stays until its cells have ended.
  std::vector<std::thread> beside;
  const std::size_t workers = std::min(static_cast<std::size_t>(request_.jobs), cells_.size());
  for (std::size_t i = 1; i < workers; ++i) beside.emplace_back([this] { work_off(); });
  work_off();
  for (std::thread& thread : beside) thread.join();
  if (!error_) return;
  try {
    std::rethrow_exception(error_);
  } catch (const OutputError& error) {
    throw OutputError(fmt::format(
        "{}. The cells that were done before are kept: make room, or see to it that one can write there, and "
        "give the same command again",
        error.what()));
  }
}

void CellQueue::work_off() {
  while (const QueuedCell* queued = take()) {
    try {
      run_cell(*queued);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
}

/// Null: nothing new begins.
const QueuedCell* CellQueue::take() {
  const std::lock_guard lock(mutex_);
  if (next_ == cells_.size() || error_ || summary_.interrupted) return nullptr;
  if (request_.fail_fast && !summary_.failed.empty()) {
    summary_.stopped = true;
    return nullptr;
  }
  return &cells_[next_++];
}

void CellQueue::run_cell(const QueuedCell& queued) {
  const PlannedCell& planned = *queued.cell;
  const Limits limits = limits_of(*planned.cell, planned.plan->limits);
  std::unique_lock lock(mutex_);
  request_.progress.begin(*planned.cell, planned.label, queued.work);
  std::vector<InputRecord> inputs = request_.inputs.of(*planned.cell);
  CellRequest cell{*planned.cell,
                   measure_of(*planned.cell, planned.plan->measure),
                   planned.plan->determinism,
                   planned.plan->band,
                   request_.inputs.data_dirs(),
                   artifacts_of(request_.store.folder(), planned.id),
                   planned.plan->exports};
  if (limits.checkpoint_s > 0) {
    cell.checkpoints = checkpoints_to_go_on_from(planned, inputs);
    cell.checkpoint_s = limits.checkpoint_s;
  }
  lock.unlock();
  CellEnd end = request_.execute(cell, limits, [&](double fraction, const std::string& stage) {
    const std::lock_guard running(mutex_);
    request_.progress.update(planned.id, fraction, stage);
  });
  lock.lock();
  if (end.failure == Failure::interrupted) {
    request_.progress.clear();
    summary_.interrupted = true;
    return;
  }
  if (end.failure == Failure::output) throw OutputError(end.record.error);
  request_.inputs.of(*planned.cell);
  end.record.inputs = std::move(inputs);
  keep(queued, std::move(end));
}

/// Of this program and these files only: another one's checkpoint would not lead to what the record says.
std::filesystem::path CellQueue::checkpoints_to_go_on_from(const PlannedCell& planned,
                                                           const std::vector<InputRecord>& inputs) const {
  if (request_.rerun.what == Rerun::What::all) remove_checkpoints(request_.store.folder(), planned.id);
  Json origin = {{"build", build_facts()}, {"inputs", Json::array()}};
  for (const InputRecord& input : inputs) origin["inputs"].push_back(input.sha256);
  const std::filesystem::path folder =
      checkpoints_of(request_.store.folder(), planned.id) / sha256(origin.dump()).substr(0, 12);
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_empty(folder, ignored))
    request_.progress.say(fmt::format("{} goes on from its checkpoint", planned.id));
  return folder;
}

void CellQueue::keep(const QueuedCell& queued, CellEnd end) {
  end.record.jobs = request_.jobs;
  request_.store.append(end.record);
  if (end.record.ended_well()) remove_checkpoints(request_.store.folder(), end.record.id);
  request_.progress.end(end.record, main_metrics_text(end.record, request_.workloads));
  if (end.record.ended_well())
    ++summary_.done_now;
  else
    summary_.failed.push_back(queued.cell->id);
  summary_.records[queued.cell->id] = std::move(end.record);
}

}  // namespace frugal::harness
