#include "benchmarks/harness/run/readiness.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <sstream>

#include "benchmarks/harness/run/conditions.hpp"
#include "benchmarks/harness/run/sensors.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// Both, so that neither the minute before a quiet moment nor a short glimpse of another process counts.
constexpr double disturbing_load = 0.5;
constexpr int disturbing_others = 1;
constexpr double disturbing_steal = 0.01;  // of the time that somebody used
constexpr double hot_celsius = 90;         // most processors slow down at 95 to 105

/// "1.60 1.60 1.93 3/170 2312": averages over 1, 5 and 15 minutes; running now, this process among them, and all.
std::string other_work(const std::filesystem::path& root) {
  std::istringstream text(text_if_readable(root / "proc/loadavg"));
  double load = 0, skipped = 0;
  int running = 0;
  if (!(text >> load >> skipped >> skipped >> running)) return "";
  const int others = running - 1;
  if (load < disturbing_load || others < disturbing_others) return "";
  return fmt::format("other programs are at work: {} now, load {:.1f} over the last minute", others, load);
}

std::string following_clock(const std::set<int>& processors, const std::filesystem::path& root) {
  std::set<std::string> governors;
  for (const int cpu : processors) {
    const std::string text =
        text_if_readable(root / fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", cpu));
    const std::string governor = text.substr(0, text.find('\n'));
    if (!governor.empty() && governor != "performance") governors.insert(governor);
  }
  if (governors.empty()) return "";
  return fmt::format("the clock follows the load (governor {}): cpupower frequency-set -g performance",
                     fmt::join(governors, ", "));
}

std::string busy_host(const std::set<int>& processors, const std::filesystem::path& root) {
  const std::optional<ProcessorTime> time = processor_time(text_if_readable(root / "proc/stat"), processors);
  if (!time) return "";
  const ProcessorTicks since_start = time->sum();
  const double share = since_start.steal / (since_start.all_busy() + since_start.steal);
  if (share < disturbing_steal) return "";
  return fmt::format(
      "the host of this virtual machine has kept {:.1f} % of the processors' time for others since it started",
      100 * share);
}

std::string heat(const std::set<int>& processors, const std::filesystem::path& root) {
  if (const auto celsius = celsius_now(root); celsius && *celsius >= hot_celsius)
    return fmt::format("the processors are hot ({:.0f} degrees Celsius): soon they slow down", *celsius);
  const std::optional<double> throttled = throttled_now(processors, root);
  if (!throttled || *throttled == 0) return "";
  return fmt::format("heat has slowed these processors {:.0f} times since the machine started", *throttled);
}

std::string too_few(int threads, const std::set<int>& processors) {
  const auto there = static_cast<int>(processors.size());
  if (there == 0 || threads <= there) return "";
  return fmt::format("{} threads share {} processor{}", threads, there, there == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> measuring_obstacles(int threads, const std::set<int>& processors,
                                             const std::filesystem::path& root) {
  std::vector<std::string> obstacles;
  for (std::string one : {too_few(threads, processors), other_work(root), busy_host(processors, root),
                          following_clock(processors, root), heat(processors, root)})
    if (!one.empty()) obstacles.push_back(std::move(one));
  return obstacles;
}

}  // namespace frugal::harness
