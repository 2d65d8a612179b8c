// What processors say of their clock and their heat. `root` is that of the file system; tests have one of their own.
#pragma once
#include <filesystem>
#include <optional>
#include <set>

namespace frugal::harness {

/// MHz now, the mean over these processors: by cpufreq, else by /proc/cpuinfo.
std::optional<double> clock_now(const std::set<int>& processors, const std::filesystem::path& root = "/");

/// How often heat has slowed these processors since the machine started.
std::optional<double> throttled_now(const std::set<int>& processors, const std::filesystem::path& root = "/");

/// Degrees Celsius of the hottest sensor of the processors: by their driver in hwmon, else by a thermal zone.
std::optional<double> celsius_now(const std::filesystem::path& root = "/");

}  // namespace frugal::harness
