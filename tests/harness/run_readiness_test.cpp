// What is said before a run that would measure badly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "benchmarks/harness/run/readiness.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Readiness : public ::testing::Test {
 protected:
  void file(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((scratch_ / name).parent_path());
    fixtures::write_file(scratch_ / name, text);
  }
  std::vector<std::string> obstacles(int threads = 2) const {
    return measuring_obstacles(threads, {0, 1}, scratch_.path());
  }

  ScratchFolder scratch_;
};

TEST_F(Readiness, NothingIsSaidOfWhatCannotBeReadNorOfAMachineAtRest) {
  EXPECT_THAT(obstacles(), IsEmpty());
  file("proc/loadavg", "0.10 0.50 0.90 1/170 2312\n");
  file("proc/stat", "cpu0 1000 0 0 9000 0 0 0 5 0 0\ncpu1 1000 0 0 9000 0 0 0 5 0 0\n");
  for (const char* cpu : {"cpu0", "cpu1"}) {
    const std::filesystem::path folder = std::filesystem::path("sys/devices/system/cpu") / cpu;
    file(folder / "cpufreq/scaling_governor", "performance\n");
    file(folder / "thermal_throttle/core_throttle_count", "0\n");
  }
  EXPECT_THAT(obstacles(), IsEmpty());
}

TEST_F(Readiness, MoreThreadsThanProcessorsAreTold) {
  EXPECT_THAT(obstacles(3), ElementsAre("3 threads share 2 processors"));
}

TEST_F(Readiness, OthersCountWhenTheyWorkNowAndDidSoForAWhile) {
  file("proc/loadavg", "1.60 1.60 1.93 3/170 2312\n");
  EXPECT_THAT(obstacles(), ElementsAre("other programs are at work: 2 now, load 1.6 over the last minute"));
  file("proc/loadavg", "1.60 1.60 1.93 1/170 2312\n");
  EXPECT_THAT(obstacles(), IsEmpty()) << "a run that just ended";
}

TEST_F(Readiness, ABusyHostIsTold) {
  file("proc/stat", "cpu0 900 0 0 9000 0 0 0 100 0 0\ncpu1 900 0 0 9000 0 0 0 100 0 0\n");
  EXPECT_THAT(obstacles(), ElementsAre(HasSubstr("kept 10.0 % of the processors' time for others")));
}

TEST_F(Readiness, AClockThatFollowsTheLoadIsTold) {
  file("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  EXPECT_THAT(obstacles(), ElementsAre(HasSubstr("governor powersave")));
}

TEST_F(Readiness, HeatIsTold) {
  for (const char* cpu : {"cpu0", "cpu1"})
    file(std::filesystem::path("sys/devices/system/cpu") / cpu / "thermal_throttle/core_throttle_count", "4\n");
  EXPECT_THAT(obstacles(), ElementsAre("heat has slowed these processors 8 times since the machine started"));
  file("sys/class/hwmon/hwmon0/name", "k10temp\n");
  file("sys/class/hwmon/hwmon0/temp1_input", "93000\n");
  EXPECT_THAT(obstacles(), ElementsAre(HasSubstr("hot (93 degrees Celsius)")));
}

}  // namespace
}  // namespace frugal::harness
