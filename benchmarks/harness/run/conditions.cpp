#include "benchmarks/harness/run/conditions.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <numeric>
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
  return processor_time(text_if_readable("/proc/stat"), processors);
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

std::optional<ProcessorTicks> read_ticks(std::istream& fields) {
  ProcessorTicks ticks;
  auto& [user, nice, system, irq, softirq] = ticks.busy;
  double idle = 0, iowait = 0;
  if (!(fields >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> ticks.steal)) return std::nullopt;
  return ticks;
}

/// Of a line in two readings: how many of its counters of busy time have moved.
int moved_counters(const ProcessorTicks& before, const ProcessorTicks& now) {
  int moved = 0;
  for (std::size_t i = 0; i < now.busy.size(); ++i) moved += now.busy[i] != before.busy[i] ? 1 : 0;
  return moved;
}

}  // namespace

double ProcessorTicks::all_busy() const { return std::accumulate(busy.begin(), busy.end(), 0.0); }

ProcessorTicks ProcessorTime::sum() const {
  if (all) return *all;
  ProcessorTicks sum;
  for (const ProcessorTicks& one : each) {
    for (std::size_t i = 0; i < sum.busy.size(); ++i) sum.busy[i] += one.busy[i];
    sum.steal += one.steal;
  }
  return sum;
}

std::optional<ProcessorTime> processor_time(std::string_view proc_stat, const std::set<int>& processors) {
  ProcessorTime time;
  std::optional<ProcessorTicks> all;
  std::size_t listed = 0;
  std::istringstream lines{std::string(proc_stat)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("cpu")) continue;
    std::istringstream fields(line.substr(3));
    if (line.starts_with("cpu ")) {
      all = read_ticks(fields);
      continue;
    }
    ++listed;
    int cpu = -1;
    if (!(fields >> cpu) || !processors.contains(cpu)) continue;
    if (const std::optional<ProcessorTicks> ticks = read_ticks(fields)) time.each.push_back(*ticks);
  }
  if (time.each.empty() || time.each.size() != processors.size()) return std::nullopt;
  if (listed == time.each.size()) time.all = all;
  // Sandboxes show the file with all counters at 0.
  if (time.sum().all_busy() == 0) return std::nullopt;
  return time;
}

ProcessesTime time_of_children(pid_t parent) {
  double ticks = 0;
  ProcessesTime time;
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
    if (!(fields >> user >> system) || of != parent) continue;
    ticks += user + system;
    time.counters += 2;
  }
  time.seconds = ticks * KernelTicks::of_this_machine().shown;
  return time;
}

KernelTicks KernelTicks::of_this_machine() {
  KernelTicks ticks{.shown = 1 / static_cast<double>(::sysconf(_SC_CLK_TCK))};
  // This clock moves by the kernel's ticks.
  timespec resolution{};
  if (::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) == 0)
    ticks.taken = static_cast<double>(resolution.tv_sec) + 1e-9 * static_cast<double>(resolution.tv_nsec);
  return ticks;
}

std::optional<OtherWork> work_of_others(const ProcessorTime& before, const ProcessorTime& now, const ProcessesTime& own,
                                        double wall_s, const KernelTicks& ticks) {
  const bool in_one_line = before.all && now.all;
  const std::vector<ProcessorTicks> from = in_one_line ? std::vector{*before.all} : before.each;
  const std::vector<ProcessorTicks> to = in_one_line ? std::vector{*now.all} : now.each;
  double busy = 0, steal = 0;
  int busy_counters = 0, steal_counters = 0;  // that have moved
  for (std::size_t i = 0; i < to.size(); ++i) {
    busy += ticks.shown * (to[i].all_busy() - from[i].all_busy());
    steal += ticks.shown * (to[i].steal - from[i].steal);
    busy_counters += moved_counters(from[i], to[i]);
    steal_counters += to[i].steal != from[i].steal ? 1 : 0;
  }
  int at_work = 0;  // processors
  for (std::size_t i = 0; i < now.each.size(); ++i) at_work += moved_counters(before.each[i], now.each[i]) > 0 ? 1 : 0;
  // Where none has moved, the repeat may be a part of a tick.
  const double rounding = ticks.shown * (std::max(busy_counters, 1) + own.counters) + ticks.taken * at_work;
  const double steal_rounding = ticks.shown * steal_counters;
  const OtherWork work{.others = std::max(busy - own.seconds - rounding, 0.0) / wall_s,
                       .steal = std::max(steal - steal_rounding, 0.0) / wall_s};
  const bool may_hide_too_much = rounding + steal_rounding > quiet_cores * wall_s;
  if (may_hide_too_much && work.others + work.steal <= quiet_cores) return std::nullopt;
  return work;
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

ProcessesTime ConditionsMeter::ranks_time() const { return of_job_ ? time_of_children(::getppid()) : ProcessesTime{}; }

RepeatConditions ConditionsMeter::read() const {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
  RepeatConditions conditions;
  if (load_) conditions.load = rounded(*load_, 2);
  const double own = own_time() - own_before_;
  conditions.cpu_s = rounded(own, 6);
  const std::optional<ProcessorTime> now = time_now(processors_);
  if (before_ && now && wall.count() > 0) {
    const ProcessesTime ranks = ranks_time();
    const ProcessesTime cell{.seconds = own + (ranks.seconds - ranks_before_.seconds), .counters = ranks.counters};
    if (const auto work = work_of_others(*before_, *now, cell, wall.count(), KernelTicks::of_this_machine())) {
      conditions.others = rounded(work->others, 4);
      conditions.steal = rounded(work->steal, 4);
    }
  }
  if (const auto mhz = clock_now(processors_)) conditions.mhz = rounded(*mhz, 1);
  if (const auto throttled = throttled_now(processors_); throttled && throttled_before_)
    conditions.throttled = *throttled - *throttled_before_;
  return conditions;
}

}  // namespace frugal::harness
