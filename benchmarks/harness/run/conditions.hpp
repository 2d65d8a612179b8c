// What else the machine did while a repeat was measured.
//
//   others = (busy time of the processors - time of this process - one tick a processor) / wall time
//
// where the other ranks of its job on this host count as this process, over the processors that the cell may use, as
// /proc/stat counts them. The kernel counts in ticks (10 ms), so that a repeat of a few milliseconds could not be judged
// without the last term.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <set>
#include <string_view>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Seconds of processors' time, added up.
struct ProcessorTime {
  double busy = 0;   ///< by anybody on this machine, interrupts included
  double steal = 0;  ///< that a virtual machine's host gave to others
};

/// Of the "cpuN" lines of /proc/stat for these processors; nothing where it does not tell.
std::optional<ProcessorTime> processor_time(std::string_view proc_stat, const std::set<int>& processors,
                                            double ticks_per_second);

/// Seconds of processors' time of the processes that `parent` has started and that still run, without this one.
double time_of_children(pid_t parent);

class ConditionsMeter {
 public:
  /// A repeat begins, on these processors; with `of_job` this process is a rank, and those that its parent has started
  /// beside it are the others.
  explicit ConditionsMeter(std::set<int> processors, bool of_job = false);
  /// It has ended.
  RepeatConditions read() const;

 private:
  double ranks_time() const;

  std::set<int> processors_;
  bool of_job_;
  std::optional<double> load_;
  std::optional<ProcessorTime> before_;
  std::optional<double> throttled_before_;
  double own_before_ = 0;
  double ranks_before_ = 0;  ///< of the other ranks
  std::chrono::steady_clock::time_point start_;
};

}  // namespace frugal::harness
