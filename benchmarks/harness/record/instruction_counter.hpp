// The instructions that a program executes, as the processor counts them, through the kernel's perf_event_open: a measure of
// its work that other work on the machine hardly changes. Only those in user mode: what the kernel does depends on others.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "impl/base/descriptor.hpp"

namespace frugal::harness {

/// What the kernel says of a counter: as read() gives it with the times of PERF_FORMAT_TOTAL_TIME_*.
struct CounterReading {
  std::uint64_t count = 0;
  std::uint64_t wanted_ns = 0;   ///< how long it should have counted
  std::uint64_t counted_ns = 0;  ///< how long it did
};

/// Nothing where others had the processor's counters for a while: what they left would have to be scaled up.
std::optional<double> exact_count(const CounterReading& reading);

/// Half a sentence for the errno with which perf_event_open failed; `paranoid`: what
/// /proc/sys/kernel/perf_event_paranoid holds.
std::string why_not_counted(int error, const std::string& paranoid);

class InstructionCounter {
 public:
  /// Counts from now on: for the calling thread, and for the threads and processes that it starts.
  InstructionCounter();

  /// Why nothing is counted; empty: it is.
  const std::string& absent() const { return absent_; }
  /// Since this was made; nothing where that is not known exactly.
  std::optional<double> count() const;

 private:
  Descriptor counter_;
  std::string absent_;
};

}  // namespace frugal::harness
