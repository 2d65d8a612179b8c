// The energy that the processors of this machine use, as they count it themselves (RAPL), through the kernel's powercap.
//
// A zone is a counter in microjoules that starts again at 0 after max_energy_range_uj: a quarter of an hour under load
// on a large processor. Counted are the packages and, where it is a zone of its own within a package, their memory
// (servers). Not: core and uncore, which are parts of a package, and psys, which holds packages.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace frugal::harness {

class PackageEnergy {
 public:
  /// `root`: of the file system; tests have one of their own.
  explicit PackageEnergy(const std::filesystem::path& root = "/");

  /// Names of the zones: "package-0", "dram".
  const std::vector<std::string>& zones() const { return zones_; }
  /// Why there are none; empty where there are.
  const std::string& absent() const { return absent_; }

  /// Joules of all zones since this was made. To be asked more often than the counters start again: every minute.
  /// Nothing where a counter cannot be read.
  std::optional<double> joules();

 private:
  struct Counter {
    std::filesystem::path file;
    double range_uj = 0;
    double last_uj = 0;
  };
  std::vector<Counter> counters_;
  std::vector<std::string> zones_;
  std::string absent_;
  double sum_uj_ = 0;
};

}  // namespace frugal::harness
