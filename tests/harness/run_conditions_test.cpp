// What else the machine did: what is read of it, and when it counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include "benchmarks/harness/run/conditions.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "impl/base/cpu_time.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

constexpr const char* stat_text = R"(cpu  600 60 6 9000 9 3 3 100 0 0
cpu0 100 10 1 1000 1 1 1 20 0 0
cpu1 200 20 2 2000 2 1 1 30 0 0
cpu2 300 30 3 6000 6 1 1 50 0 0
intr 7
)";

TEST(ProcessorTime, CountsTheProcessorsOfThisProcessOnly) {
  const auto time = processor_time(stat_text, {0, 2}, 100);
  ASSERT_TRUE(time);
  EXPECT_DOUBLE_EQ(time->busy, (100 + 10 + 1 + 1 + 1 + 300 + 30 + 3 + 1 + 1) / 100.0);
  EXPECT_DOUBLE_EQ(time->steal, 0.7);
}

TEST(ProcessorTime, IsAbsentWhereTheFileDoesNotTell) {
  EXPECT_FALSE(processor_time("", {0}, 100));
  EXPECT_FALSE(processor_time(stat_text, {0, 7}, 100)) << "a processor is missing";
  EXPECT_FALSE(processor_time("cpu0 0 0 0 0 0 0 0 0 0 0\n", {0}, 100)) << "a sandbox";
}

TEST(ConditionsMeter, TellsTheTimeOfThisProcessFromThatOfOthers) {
  const ConditionsMeter meter(usable_processors());
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(300)) {
  }
  const RepeatConditions conditions = meter.read();
  ASSERT_TRUE(conditions.cpu_s);
  EXPECT_GT(*conditions.cpu_s, 0.02);
  EXPECT_LT(*conditions.cpu_s, 0.6);
  EXPECT_GE(conditions.others.value_or(0), 0);
}

void be_busy(double seconds) {
  while (cpu_seconds_of_process() < seconds) {
  }
}

TEST(ConditionsMeter, TheOtherRanksAreTheProcessesOfTheSameParent) {
  EXPECT_EQ(time_of_children(::getpid()), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    be_busy(0.3);
    while (true) ::pause();
  }
  for (int i = 0; i < 400 && time_of_children(::getpid()) < 0.29; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_NEAR(time_of_children(::getpid()), 0.3, 0.05);
  const pid_t rank = ::fork();
  if (rank == 0) {
    be_busy(0.2);
    ::_exit(static_cast<int>(std::lround(100 * time_of_children(::getppid()))));  // its own time is not in it
  }
  int status = 0;
  ::waitpid(rank, &status, 0);
  EXPECT_NEAR(WEXITSTATUS(status), 30, 5);
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  EXPECT_EQ(time_of_children(::getpid()), 0);
}

TEST(ConditionsMeter, WhatTheOtherRanksOfAJobDoIsNotTheWorkOfOthers) {
  if (!ConditionsMeter(usable_processors()).read().others) GTEST_SKIP() << "/proc/stat does not tell";
  const pid_t other = ::fork();
  if (other == 0) be_busy(1e9);
  const pid_t rank = ::fork();
  if (rank == 0) {
    const ConditionsMeter alone(usable_processors()), of_job(usable_processors(), true);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const double cores = alone.read().others.value_or(0) - of_job.read().others.value_or(0);
    ::_exit(cores > 0.1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(rank, &status, 0);
  EXPECT_EQ(status, 0) << "of a rank beside one that computes";
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

CellRecord record_beside(const std::vector<double>& others) {
  CellRecord record = fixtures::fake_record();
  for (const double cores : others) record.conditions.push_back({.others = cores, .steal = 0.04});
  return record;
}

TEST(Quiet, IsWhatTheRepeatInTheMiddleIs) {
  EXPECT_TRUE(record_beside({0.05}).is_quiet());
  EXPECT_FALSE(record_beside({0.07}).is_quiet()) << "steal counts too";
  EXPECT_TRUE(record_beside({0.0, 1.0, 0.0}).is_quiet()) << "a median does not feel it";
  EXPECT_FALSE(record_beside({0.0, 1.0, 1.0}).is_quiet());
  EXPECT_FALSE(record_beside({0.0, 1.0}).is_quiet()) << "the mean of two has the disturbed one in it";
  EXPECT_FALSE(record_beside({0.0, 1.0, 0.0, 1.0}).is_quiet());
  EXPECT_TRUE(record_beside({0.0, 1.0, 0.0, 0.0}).is_quiet());
  EXPECT_TRUE(record_beside({}).is_quiet()) << "records of older programs are not marked";
}

TEST(Quiet, SurvivesTheRecord) {
  CellRecord record = record_beside({0.5});
  record.conditions[0].mhz = 2600;
  const CellRecord back = CellRecord::from_json(record.to_json(), {});
  EXPECT_EQ(back.to_json(), record.to_json());
  EXPECT_FALSE(back.is_quiet());
  EXPECT_FALSE(back.conditions.at(0).load.has_value());
}

}  // namespace
}  // namespace frugal::harness
