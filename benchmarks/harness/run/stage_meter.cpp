#include "benchmarks/harness/run/stage_meter.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "benchmarks/harness/run/sensors.hpp"
#include "impl/base/cpu_time.hpp"

namespace frugal::harness {
namespace {

void add(std::optional<double>& sum, const std::optional<double>& before, const std::optional<double>& after) {
  if (before && after) sum = sum.value_or(0) + *after - *before;
}

/// The mean over time.
void average(std::optional<double>& mean, double seconds_before, const std::optional<double>& now, double seconds) {
  if (!now) return;
  const double all = seconds_before + seconds;
  mean = mean && all > 0 ? (*mean * seconds_before + *now * seconds) / all : *now;
}

void keep_highest(std::optional<double>& highest, const std::optional<double>& now) {
  if (now) highest = std::max(highest.value_or(*now), *now);
}

}  // namespace

StageUse rounded(StageUse use) {
  const auto round_to = [](std::optional<double>& value, double parts) {
    if (value) value = std::round(*value * parts) / parts;
  };
  for (const auto seconds : {&StageUse::cpu_s, &StageUse::rank_cpu_s}) round_to(use.*seconds, 1e6);
  for (const auto joules : {&StageUse::joules, &StageUse::device_joules}) round_to(use.*joules, 1e3);
  for (const auto tenths : {&StageUse::mhz, &StageUse::celsius, &StageUse::device_mhz, &StageUse::device_celsius})
    round_to(use.*tenths, 10);
  return use;
}

StageMeter::StageMeter(std::set<int> processors, DeviceReader device, const std::filesystem::path& root)
    : processors_(std::move(processors)), device_(std::move(device)), root_(root), energy_(root) {}

StageMeter::Counters StageMeter::read() {
  Counters now;
  if (device_) now.device = device_();
  now.joules = energy_.joules();
  now.throttled = throttled_now(processors_, root_);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  now.faults = static_cast<double>(usage.ru_minflt + usage.ru_majflt);
  now.switches = static_cast<double>(usage.ru_nvcsw + usage.ru_nivcsw);
  now.cpu_s = cpu_seconds_of_process();
  now.instructions = instructions_.count();
  return now;
}

void StageMeter::begin() { before_ = read(); }

void StageMeter::end(StageUse& use, double seconds, double seconds_before) {
  // First, as these were read last: what the others cost is not the stage's.
  const std::optional<double> instructions = instructions_.count();
  const double cpu_s = cpu_seconds_of_process();
  const Counters now = read();
  add(use.instructions, before_.instructions, instructions);
  add(use.cpu_s, before_.cpu_s, cpu_s);
  add(use.faults, before_.faults, now.faults);
  add(use.switches, before_.switches, now.switches);
  add(use.joules, before_.joules, now.joules);
  add(use.throttled, before_.throttled, now.throttled);
  average(use.mhz, seconds_before, clock_now(processors_, root_), seconds);
  keep_highest(use.celsius, celsius_now(root_));
  add(use.device_joules, before_.device.joules, now.device.joules);
  average(use.device_mhz, seconds_before, now.device.mhz, seconds);
  keep_highest(use.device_celsius, now.device.celsius);
  keep_highest(use.device_throttled, now.device.throttled);
  add(use.rank_cpu_s, before_.device.rank_cpu_s, now.device.rank_cpu_s);
  add(use.rank_bytes, before_.device.rank_bytes, now.device.rank_bytes);
  add(use.rank_messages, before_.device.rank_messages, now.device.rank_messages);
}

}  // namespace frugal::harness
