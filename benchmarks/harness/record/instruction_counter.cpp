#include "benchmarks/harness/record/instruction_counter.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "impl/base/files.hpp"

namespace frugal::harness {

std::optional<double> exact_count(const CounterReading& reading) {
  if (reading.counted_ns < reading.wanted_ns) return std::nullopt;
  return static_cast<double>(reading.count);
}

std::string why_not_counted(int error, const std::string& paranoid) {
  switch (error) {
    case EACCES:
    case EPERM: {
      const std::string level = paranoid.substr(0, paranoid.find('\n'));
      return "the kernel does not allow it (kernel.perf_event_paranoid is " + (level.empty() ? "unknown" : level) +
             ", 2 would do; containers forbid it, too)";
    }
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
      return "the kernel has no counters of this processor (a virtual machine?)";
    case ENOSYS:
      return "the kernel has no perf_event_open";
    default:
      return std::string("perf_event_open: ") + std::strerror(error);
  }
}

InstructionCounter::InstructionCounter() {
  perf_event_attr wanted{};
  wanted.type = PERF_TYPE_HARDWARE;
  wanted.size = sizeof wanted;
  wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
  wanted.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  wanted.inherit = 1;
  wanted.exclude_kernel = 1;
  wanted.exclude_hv = 1;
  constexpr int this_thread = 0, any_processor = -1, no_group = -1;
  counter_ = Descriptor(static_cast<int>(
      ::syscall(SYS_perf_event_open, &wanted, this_thread, any_processor, no_group, PERF_FLAG_FD_CLOEXEC)));
  const int error = errno;  // of the call, not of what reads the file
  if (!counter_.is_open()) absent_ = why_not_counted(error, text_if_readable("/proc/sys/kernel/perf_event_paranoid"));
}

std::optional<double> InstructionCounter::count() const {
  CounterReading reading;
  static_assert(sizeof reading == 3 * sizeof(std::uint64_t), "read() fills it");
  if (!counter_.is_open() || ::read(counter_.get(), &reading, sizeof reading) != sizeof reading) return std::nullopt;
  return exact_count(reading);
}

}  // namespace frugal::harness
