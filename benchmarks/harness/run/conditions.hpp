// What else the machine did while a repeat was measured.
//
//   others = (busy time of the processors - time of this process - what may be rounding) / wall time
//
// where the other ranks of its job on this host count as this process, over the processors that the cell may use, as
// /proc/stat counts them. The kernel shows each counter in whole ticks of 10 ms, so that the difference of two readings is
// wrong by up to one; and it gives a processor's time to whoever has it when the kernel's own tick comes (1 to 10 ms), so
// that up to one of these is wrong for each processor at work. Where the cell may use all processors, the line that adds
// them up is read, which is rounded once and not once a processor.
#pragma once
#include <sys/types.h>

#include <array>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// A line of /proc/stat, in its ticks.
struct ProcessorTicks {
  std::array<double, 5> busy{};  ///< by anybody on this machine: user, nice, system, irq, softirq
  double steal = 0;              ///< that a virtual machine's host gave to others

  double all_busy() const;
};

/// What /proc/stat says of some processors.
struct ProcessorTime {
  std::vector<ProcessorTicks> each;     ///< by their numbers
  std::optional<ProcessorTicks> all{};  ///< the line that adds them up, where they are all that the machine has

  /// Of all of them together.
  ProcessorTicks sum() const;
};

/// Nothing where the text does not tell of each of these processors.
std::optional<ProcessorTime> processor_time(std::string_view proc_stat, const std::set<int>& processors);

/// Processors' time of some processes.
struct ProcessesTime {
  double seconds = 0;
  int counters = 0;  ///< that were added up and are rounded as those of /proc/stat are
};

/// Of the processes that `parent` has started and that still run, without this one.
ProcessesTime time_of_children(pid_t parent);

/// How coarse the kernel counts, in seconds.
struct KernelTicks {
  double shown = 0.01;   ///< in which /proc shows its counters
  double taken = 0.004;  ///< after which it asks who has a processor

  static KernelTicks of_this_machine();
};

/// What others had of the processors between two readings, in cores: at least so much, the rest may be rounding.
struct OtherWork {
  double others = 0;
  double steal = 0;
};

/// `own`: the cell's, in between. Nothing where rounding may hide more than quiet_cores, and what cannot be rounding is
/// not more than these: then nobody knows.
std::optional<OtherWork> work_of_others(const ProcessorTime& before, const ProcessorTime& now, const ProcessesTime& own,
                                        double wall_s, const KernelTicks& ticks);

class ConditionsMeter {
 public:
  /// A repeat begins, on these processors; with `of_job` this process is a rank, and those that its parent has started
  /// beside it are the others.
  explicit ConditionsMeter(std::set<int> processors, bool of_job = false);
  /// It has ended.
  RepeatConditions read() const;

 private:
  ProcessesTime ranks_time() const;

  std::set<int> processors_;
  bool of_job_;
  std::optional<double> load_;
  std::optional<ProcessorTime> before_;
  std::optional<double> throttled_before_;
  double own_before_ = 0;
  ProcessesTime ranks_before_;  ///< of the other ranks
  std::chrono::steady_clock::time_point start_;
};

}  // namespace frugal::harness
