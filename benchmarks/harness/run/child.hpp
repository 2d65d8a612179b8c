// A cell in a process of its own: a crash, a leak or a hang costs one cell, and the limits are the kernel's.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/run/cell_server.hpp"
#include "benchmarks/harness/run/limits_main.hpp"
#include "benchmarks/harness/run/message.hpp"
#include "benchmarks/harness/run/signals.hpp"

namespace frugal::harness {

/// All that came of a child.
struct ChildReport {
  bool has_outcome = false;
  CellMessage outcome;                       ///< when has_outcome
  std::vector<StageRecord> stages;           ///< samples of the complete repeats
  std::vector<RepeatConditions> conditions;  ///< of each of them
  int exit_code = 0;
  int signal = 0;            ///< that ended it; 0: it exited
  bool timed_out = false;    ///< we ended it: limits.timeout_s
  bool stopped = false;      ///< we ended it: the user wants to stop
  double peak_bytes = 0;     ///< largest resident memory
  double wall_s = 0;         ///< from start to end of the process
  std::string stage;         ///< the last one that it told of
  std::string error_output;  ///< the last 20 lines of its stderr and stdout
};

/// Called at least about once a second while the child runs: share done, name of the stage.
using ProgressSink = std::function<void(double fraction, const std::string& stage)>;

/// Runs a cell in a process forked from `server`, which is started, and started anew, as it is needed. request.threads is
/// its OMP_NUM_THREADS, request.ranks the processes it becomes; with request.cpus each thread is bound to one of these.
/// memory_gib bounds RLIMIT_DATA: heap and other private writable memory. The address space is left alone, because a
/// CUDA context reserves far more of it than it uses. Builds with a sanitizer set no limit.
ChildReport run_child(std::optional<CellServer>& server, const CellRequest& request, const Limits& limits,
                      StopSignals& stops, const ProgressSink& progress);

/// Finds the limits of a device, in a process of its own and of a minute at most: they are in the outcome.
ChildReport run_limits(const LimitsRequest& request, StopSignals& stops);

/// The report as a record: status, error, metrics with memory.peak, stages.
CellRecord record_of(const CellRequest& request, const Limits& limits, const ChildReport& report);

/// Why the child did not end well.
Failure failure_of(const ChildReport& report);

}  // namespace frugal::harness
