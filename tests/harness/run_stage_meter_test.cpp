// What a stage costs beside time: counters of energy, clocks and heat, read below a root folder of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <filesystem>

#include "benchmarks/harness/run/sensors.hpp"
#include "benchmarks/harness/run/stage_meter.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MachineFiles : public ::testing::Test {
 protected:
  void file(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    fixtures::write_file(root_ / name, text);
  }
  void zone(const std::string& folder, const std::string& name, const std::string& energy_uj) const {
    const std::filesystem::path at = std::filesystem::path("sys/class/powercap") / folder;
    file(at / "name", name + "\n");
    file(at / "max_energy_range_uj", "10000000\n");
    file(at / "energy_uj", energy_uj + "\n");
  }
  void processor(int number, const std::string& name, const std::string& text) const {
    file("sys/devices/system/cpu/cpu" + std::to_string(number) + "/" + name, text);
  }

  ScratchFolder scratch_;
  const std::filesystem::path root_ = scratch_.path();
};

using PackageEnergyTest = MachineFiles;

TEST_F(PackageEnergyTest, CountsPackagesAndTheirMemoryNeitherTheirPartsNorThePlatform) {
  zone("intel-rapl:0", "package-0", "1000000");
  zone("intel-rapl:0:0", "core", "1000000");
  zone("intel-rapl:0:1", "dram", "1000000");
  zone("intel-rapl:1", "package-1", "1000000");
  zone("intel-rapl:2", "psys", "1000000");
  zone("intel-rapl-mmio:0", "package-0", "1000000");
  PackageEnergy energy(root_);
  EXPECT_THAT(energy.zones(), ElementsAre("package-0", "dram", "package-1"));
  EXPECT_EQ(energy.joules(), 0);
  for (const char* folder : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:1", "intel-rapl:2"})
    file(std::filesystem::path("sys/class/powercap") / folder / "energy_uj", "1500000\n");
  EXPECT_EQ(energy.joules(), 1.5);
}

TEST_F(PackageEnergyTest, GoesOnWhereACounterStartsAgain) {
  zone("intel-rapl:0", "package-0", "9000000");
  PackageEnergy energy(root_);
  file("sys/class/powercap/intel-rapl:0/energy_uj", "2000000\n");
  EXPECT_EQ(energy.joules(), 3) << "1 J to the end of the range, 2 J after it";
  file("sys/class/powercap/intel-rapl:0/energy_uj", "1000000\n");
  EXPECT_EQ(energy.joules(), 12);
}

TEST_F(PackageEnergyTest, SaysWhyItIsAbsent) {
  EXPECT_THAT(PackageEnergy(root_).absent(), HasSubstr("no counters"));
  EXPECT_FALSE(PackageEnergy(root_).joules());
  zone("intel-rapl:0", "package-0", "9000000");
  zone("intel-rapl:1", "package-1", "9000000");
  EXPECT_EQ(PackageEnergy(root_).absent(), "");
  std::filesystem::remove(root_ / "sys/class/powercap/intel-rapl:1/energy_uj");
  PackageEnergy energy(root_);
  EXPECT_THAT(energy.absent(), HasSubstr("only root may read"));
  EXPECT_FALSE(energy.joules()) << "one package alone would pass for both";
}

using Sensors = MachineFiles;

TEST_F(Sensors, ReadTheClockOfTheProcessorsOfTheCellAlone) {
  EXPECT_FALSE(clock_now({0}, root_));
  file("proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2000\n\nprocessor\t: 1\ncpu MHz\t\t: 3000\n");
  EXPECT_EQ(clock_now({1}, root_), 3000);
  EXPECT_EQ(clock_now({0, 1}, root_), 2500);
  processor(0, "cpufreq/scaling_cur_freq", "4200000\n");
  EXPECT_EQ(clock_now({0}, root_), 4200) << "cpufreq knows better";
}

TEST_F(Sensors, ReadTheHottestOfTheProcessorAndNoOther) {
  EXPECT_FALSE(celsius_now(root_));
  file("sys/class/thermal/thermal_zone0/type", "acpitz\n");
  file("sys/class/thermal/thermal_zone0/temp", "99000\n");
  file("sys/class/thermal/thermal_zone1/type", "x86_pkg_temp\n");
  file("sys/class/thermal/thermal_zone1/temp", "61000\n");
  EXPECT_EQ(celsius_now(root_), 61);
  file("sys/class/hwmon/hwmon0/name", "nvme\n");
  file("sys/class/hwmon/hwmon0/temp1_input", "80000\n");
  file("sys/class/hwmon/hwmon1/name", "coretemp\n");
  file("sys/class/hwmon/hwmon1/temp1_input", "50000\n");
  file("sys/class/hwmon/hwmon1/temp2_input", "57500\n");
  EXPECT_EQ(celsius_now(root_), 57.5);
}

using StageMeterTest = MachineFiles;

TEST_F(StageMeterTest, AddsUpWhatAStageCostsEachTimeItIsEntered) {
  zone("intel-rapl:0", "package-0", "0");
  processor(0, "cpufreq/scaling_cur_freq", "1000000\n");
  processor(0, "thermal_throttle/core_throttle_count", "7\n");
  DeviceReadings device{.joules = 100, .mhz = 1500, .celsius = 40, .rank_bytes = 1000};
  StageMeter meter(
      {0}, [&] { return device; }, root_);
  StageUse use;
  meter.begin();
  file("sys/class/powercap/intel-rapl:0/energy_uj", "3000000\n");
  processor(0, "thermal_throttle/core_throttle_count", "9\n");
  device.joules = 150;
  device.rank_bytes = 1700;
  meter.end(use, 1, 0);
  EXPECT_EQ(use.joules, 3);
  EXPECT_EQ(use.throttled, 2);
  EXPECT_EQ(use.mhz, 1000);
  EXPECT_EQ(use.device_joules, 50);
  file("sys/class/powercap/intel-rapl:0/energy_uj", "9000000\n");  // while no stage is open
  meter.begin();
  file("sys/class/powercap/intel-rapl:0/energy_uj", "500000\n");
  processor(0, "cpufreq/scaling_cur_freq", "2000000\n");
  device = {.joules = 160, .mhz = 1600, .celsius = 39, .rank_bytes = 1750};
  meter.end(use, 3, 1);
  EXPECT_EQ(use.joules, 4.5);
  EXPECT_EQ(use.mhz, 1750) << "the mean over 1 s and 3 s";
  EXPECT_EQ(use.device_joules, 60);
  EXPECT_EQ(use.device_mhz, 1575);
  EXPECT_EQ(use.device_celsius, 40);
  EXPECT_EQ(use.rank_bytes, 750);
  EXPECT_FALSE(use.celsius.has_value()) << "no sensor";
}

TEST_F(StageMeterTest, CountsTheTimeAndThePagesOfThisProcess) {
  StageMeter meter({0}, {}, root_);
  StageUse use;
  meter.begin();
  constexpr std::size_t bytes = 4 << 20;  // new pages, and not what an earlier test has given back
  void* const pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 1, bytes);
  ::munmap(pages, bytes);
  volatile double work = 0;
  while (use.cpu_s.value_or(0) < 0.02) {
    for (int i = 0; i < 1'000'000; ++i) work = work + 1;
    meter.end(use, 1, 0);
    meter.begin();
  }
  EXPECT_LT(*use.cpu_s, 5);
  EXPECT_GE(*use.faults, bytes / 4096 / 512) << "huge pages at most";
  EXPECT_GE(*use.switches, 0);
}

}  // namespace
}  // namespace frugal::harness
