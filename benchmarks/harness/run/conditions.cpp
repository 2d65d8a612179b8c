#include "benchmarks/harness/run/conditions.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>

#include "benchmarks/harness/run/sensors.hpp"
#include "impl/base/files.hpp"
#include "impl/base/number.hpp"

namespace frugal::harness {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

/// Of this process and of the children it has waited for.
double own_time() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    if (::getrusage(who, &usage) == 0) sum += seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return sum;
}

std::optional<ProcessorTime> time_now(const std::set<int>& processors) {
  return processor_time(text_if_readable("/proc/stat"), processors, static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

std::optional<double> load_now() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? std::optional(load) : std::nullopt;
}

/// To so many decimals: a record has one of these for each sample.
double rounded(double value, double decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::round(value * scale) / scale;
}

}  // namespace

std::optional<ProcessorTime> processor_time(std::string_view proc_stat, const std::set<int>& processors,
                                            double ticks_per_second) {
  ProcessorTime time;
  std::size_t found = 0;
  std::istringstream lines{std::string(proc_stat)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
    std::istringstream fields(line.substr(3));
    int cpu = -1;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    if (!(fields >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal)) continue;
    if (!processors.contains(cpu)) continue;
    time.busy += (user + nice + system + irq + softirq) / ticks_per_second;
    time.steal += steal / ticks_per_second;
    ++found;
  }
  // Sandboxes show the file with all counters at 0.
  if (found == 0 || found != processors.size() || time.busy == 0) return std::nullopt;
  return time;
}

double time_of_children(pid_t parent) {
  double ticks = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::optional<pid_t> process = number_in<pid_t>(entry.path().filename().string());
    if (!process || *process == ::getpid()) continue;
    const std::string stat = text_if_readable(entry.path() / "stat");  // gone by now: empty
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));       // its name may hold anything
    std::string skipped;
    pid_t of = 0;
    double user = 0, system = 0;
    fields >> skipped >> of;
    for (int field = 5; field < 14; ++field) fields >> skipped;
    if (fields >> user >> system && of == parent) ticks += user + system;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

ConditionsMeter::ConditionsMeter(std::set<int> processors, bool of_job)
    : processors_(std::move(processors)),
      of_job_(of_job),
      load_(load_now()),
      before_(time_now(processors_)),
      throttled_before_(throttled_now(processors_)),
      own_before_(own_time()),
      ranks_before_(ranks_time()),
      start_(std::chrono::steady_clock::now()) {}

double ConditionsMeter::ranks_time() const { return of_job_ ? time_of_children(::getppid()) : 0; }

RepeatConditions ConditionsMeter::read() const {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
  RepeatConditions conditions;
  if (load_) conditions.load = rounded(*load_, 2);
  const double own = own_time() - own_before_;
  conditions.cpu_s = rounded(own, 6);
  const std::optional<ProcessorTime> now = time_now(processors_);
  if (before_ && now && wall.count() > 0) {
    const double tick = static_cast<double>(processors_.size()) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    const double others = now->busy - before_->busy - own - (ranks_time() - ranks_before_) - tick;
    conditions.others = rounded(std::max(others, 0.0) / wall.count(), 4);
    conditions.steal = rounded(std::max(now->steal - before_->steal - tick, 0.0) / wall.count(), 4);
  }
  if (const auto mhz = clock_now(processors_)) conditions.mhz = rounded(*mhz, 1);
  if (const auto throttled = throttled_now(processors_); throttled && throttled_before_)
    conditions.throttled = *throttled - *throttled_before_;
  return conditions;
}

}  // namespace frugal::harness
