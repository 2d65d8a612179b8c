#include "impl/base/cpu_time.hpp"

#include <ctime>

namespace frugal {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

double cpu_seconds_of_process() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

double cpu_seconds_of_thread() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace frugal
