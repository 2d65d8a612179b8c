// Runs cells until none is left or the run stops: one after another, or several side by side.
#pragma once
#include <exception>
#include <filesystem>
#include <mutex>
#include <utility>
#include <vector>

#include "benchmarks/harness/run/runner.hpp"

namespace frugal::harness {

/// A cell to run, and what tells how long it lasts.
struct QueuedCell {
  const PlannedCell* cell;
  CellWork work;
};

class CellQueue {
 public:
  /// Keeps references: all must outlive it. What comes of the cells is added to the summary.
  CellQueue(const RunRequest& request, std::vector<QueuedCell> cells, RunSummary& summary)
      : request_(request), cells_(std::move(cells)), summary_(summary) {}

  /// Returns when the last of the cells has ended. Throws what reading or writing of files throws, when those that ran
  /// beside have ended.
  void run();

 private:
  void work_off();
  const QueuedCell* take();
  void run_cell(const QueuedCell& queued);
  std::filesystem::path checkpoints_to_go_on_from(const PlannedCell& planned,
                                                  const std::vector<InputRecord>& inputs) const;
  void keep(const QueuedCell& queued, CellEnd end);

  const RunRequest& request_;
  std::vector<QueuedCell> cells_;
  RunSummary& summary_;
  std::mutex mutex_;  ///< of all that follows, the request's store, inputs and progress, and the summary
  std::size_t next_ = 0;
  std::exception_ptr error_;
};

}  // namespace frugal::harness
