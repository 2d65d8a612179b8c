#include "benchmarks/harness/run/cell_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/run/main_metrics.hpp"
#include "impl/base/error.hpp"

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
  std::unique_lock lock(mutex_);
  request_.progress.begin(*planned.cell, planned.label, queued.work);
  std::vector<InputRecord> inputs = request_.inputs.of(*planned.cell);
  const CellRequest cell{*planned.cell,
                         measure_of(*planned.cell, planned.plan->measure),
                         planned.plan->determinism,
                         planned.plan->band,
                         request_.inputs.data_dirs(),
                         artifacts_of(request_.store.folder(), planned.id),
                         planned.plan->exports};
  lock.unlock();
  CellEnd end = request_.execute(cell, limits_of(*planned.cell, planned.plan->limits),
                                 [&](double fraction, const std::string& stage) {
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

void CellQueue::keep(const QueuedCell& queued, CellEnd end) {
  end.record.jobs = request_.jobs;
  request_.store.append(end.record);
  request_.progress.end(end.record, main_metrics_text(end.record, request_.workloads));
  if (end.record.ended_well())
    ++summary_.done_now;
  else
    summary_.failed.push_back(queued.cell->id);
  summary_.records[queued.cell->id] = std::move(end.record);
}

}  // namespace frugal::harness
