#include "benchmarks/harness/run/sensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <string>
#include <system_error>

#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// In thousandths of a degree, as the kernel has them.
void keep_hottest(const std::filesystem::path& file, std::optional<double>& celsius) {
  const std::string text = text_if_readable(file);
  if (text.empty()) return;
  const double read = std::atof(text.c_str()) / 1000;
  if (read > 0) celsius = std::max(celsius.value_or(read), read);
}

bool is_one_of(const std::string& text, const std::array<const char*, 3>& words) {
  return std::ranges::any_of(words, [&](const char* word) { return text == std::string(word) + "\n"; });
}

}  // namespace

std::optional<double> clock_now(const std::set<int>& processors, const std::filesystem::path& root) {
  double sum = 0;
  int count = 0;
  for (const int cpu : processors) {
    const std::string khz =
        text_if_readable(root / fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", cpu));
    if (khz.empty()) break;
    sum += std::atof(khz.c_str()) / 1000;
    ++count;
  }
  if (count > 0) return sum / count;
  std::istringstream lines(text_if_readable(root / "proc/cpuinfo"));
  int cpu = -1;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    if (line.starts_with("processor")) cpu = std::atoi(line.c_str() + colon + 1);
    if (!line.starts_with("cpu MHz") || !processors.contains(cpu)) continue;
    sum += std::atof(line.c_str() + colon + 1);
    ++count;
  }
  return count > 0 && sum > 0 ? std::optional(sum / count) : std::nullopt;
}

std::optional<double> throttled_now(const std::set<int>& processors, const std::filesystem::path& root) {
  double sum = 0;
  for (const int cpu : processors) {
    const std::string count =
        text_if_readable(root / fmt::format("sys/devices/system/cpu/cpu{}/thermal_throttle/core_throttle_count", cpu));
    if (count.empty()) return std::nullopt;
    sum += std::atof(count.c_str());
  }
  return processors.empty() ? std::nullopt : std::optional(sum);
}

std::optional<double> celsius_now(const std::filesystem::path& root) {
  std::optional<double> celsius;
  std::error_code error;
  for (const auto& chip : std::filesystem::directory_iterator(root / "sys/class/hwmon", error)) {
    if (!is_one_of(text_if_readable(chip.path() / "name"), {"coretemp", "k10temp", "zenpower"})) continue;
    for (const auto& file : std::filesystem::directory_iterator(chip.path(), error)) {
      const std::string name = file.path().filename().string();
      if (name.starts_with("temp") && name.ends_with("_input")) keep_hottest(file.path(), celsius);
    }
  }
  if (celsius) return celsius;
  for (const auto& zone : std::filesystem::directory_iterator(root / "sys/class/thermal", error))
    if (is_one_of(text_if_readable(zone.path() / "type"), {"x86_pkg_temp", "cpu-thermal", "cpu_thermal"}))
      keep_hottest(zone.path() / "temp", celsius);
  return celsius;
}

}  // namespace frugal::harness
