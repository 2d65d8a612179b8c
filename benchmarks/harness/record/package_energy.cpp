#include "benchmarks/harness/record/package_energy.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

std::optional<double> number_in(const std::filesystem::path& file) {
  const std::string text = text_if_readable(file);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end != text.data() ? std::optional(number) : std::nullopt;
}

/// The folders intel-rapl:0, intel-rapl:0:1, ..., in order; of AMD's processors they are called so too.
std::vector<std::filesystem::path> zone_folders(const std::filesystem::path& powercap) {
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(powercap, error))
    if (entry.path().filename().string().starts_with("intel-rapl:")) folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

}  // namespace

PackageEnergy::PackageEnergy(const std::filesystem::path& root) {
  const std::filesystem::path powercap = root / "sys/class/powercap";
  bool unreadable = false;
  for (const std::filesystem::path& folder : zone_folders(powercap)) {
    std::string name = text_if_readable(folder / "name");
    name = name.substr(0, name.find('\n'));
    if (!name.starts_with("package") && name != "dram") continue;
    const std::optional<double> now = number_in(folder / "energy_uj");
    const std::optional<double> range = number_in(folder / "max_energy_range_uj");
    unreadable = unreadable || !now || !range;
    if (!now || !range) continue;
    counters_.push_back({folder / "energy_uj", *range, *now});
    zones_.push_back(name);
  }
  if (unreadable)
    absent_ = "only root may read /sys/class/powercap/*/energy_uj";
  else if (counters_.empty())
    absent_ = "no counters in /sys/class/powercap (a virtual machine?)";
  if (!unreadable) return;
  counters_.clear();  // the sum of some would pass for that of all
  zones_.clear();
}

std::optional<double> PackageEnergy::joules() {
  if (counters_.empty()) return std::nullopt;
  for (Counter& counter : counters_) {
    const std::optional<double> now = number_in(counter.file);
    if (!now) return std::nullopt;
    sum_uj_ += *now >= counter.last_uj ? *now - counter.last_uj : *now + counter.range_uj - counter.last_uj;
    counter.last_uj = *now;
  }
  return sum_uj_ * 1e-6;
}

}  // namespace frugal::harness
