// What a stage costs beside time. Counters are read before it begins and after it ends, outside its clock; clocks and
// temperatures when it ends, as it has just been working.
#pragma once
#include <functional>
#include <set>

#include "benchmarks/harness/record/instruction_counter.hpp"
#include "benchmarks/harness/record/package_energy.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "impl/common/device_readings.hpp"

namespace frugal::harness {

/// Reads the device that the cell computes on; empty: there is none beside the processors.
using DeviceReader = std::function<DeviceReadings()>;

/// To as many decimals as mean something: a record has one for each sample.
StageUse rounded(StageUse use);

class StageMeter {
 public:
  /// Instructions are counted of the calling thread and of those that it starts from now on. `root`: of the file system.
  StageMeter(std::set<int> processors, DeviceReader device, const std::filesystem::path& root = "/");

  void begin();
  /// The stage took `seconds`. Adds what it cost to `use`, which holds that of `seconds_before` already.
  void end(StageUse& use, double seconds, double seconds_before);
  /// To be called every minute at least: the counters of energy start again.
  void keep_counting() { energy_.joules(); }

 private:
  struct Counters {
    double cpu_s = 0;
    double faults = 0;
    double switches = 0;
    std::optional<double> instructions{};
    std::optional<double> joules{};
    std::optional<double> throttled{};
    DeviceReadings device{};
  };
  Counters read();

  std::set<int> processors_;
  DeviceReader device_;
  std::filesystem::path root_;
  PackageEnergy energy_;
  InstructionCounter instructions_;
  Counters before_;
};

}  // namespace frugal::harness
