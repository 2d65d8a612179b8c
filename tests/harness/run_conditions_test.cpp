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
#include "impl/base/files.hpp"
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
  const auto time = processor_time(stat_text, {0, 2});
  ASSERT_TRUE(time);
  EXPECT_FALSE(time->all) << "the line that adds up has cpu1 as well";
  EXPECT_DOUBLE_EQ(time->sum().all_busy(), 100 + 10 + 1 + 1 + 1 + 300 + 30 + 3 + 1 + 1);
  EXPECT_DOUBLE_EQ(time->sum().steal, 70);
}

TEST(ProcessorTime, OfAllProcessorsIsTheLineThatTheKernelHasAddedUp) {
  const auto time = processor_time(stat_text, {0, 1, 2});
  ASSERT_TRUE(time && time->all);
  EXPECT_DOUBLE_EQ(time->sum().all_busy(), 600 + 60 + 6 + 3 + 3);
}

TEST(ProcessorTime, IsAbsentWhereTheFileDoesNotTell) {
  EXPECT_FALSE(processor_time("", {0}));
  EXPECT_FALSE(processor_time(stat_text, {0, 7})) << "a processor is missing";
  EXPECT_FALSE(processor_time("cpu0 0 0 0 0 0 0 0 0 0 0\n", {0})) << "a sandbox";
}

/// Processors whose user time is so many ticks, with the line that adds them up.
ProcessorTime used(const std::vector<double>& user, double steal = 0) {
  ProcessorTime time;
  time.all.emplace();
  for (const double ticks : user) {
    time.each.push_back({.busy = {ticks}});
    time.all->busy[0] += ticks;
  }
  time.all->steal = steal;
  return time;
}

constexpr KernelTicks fine_ticks{.shown = 0.01, .taken = 0.001};

TEST(WorkOfOthers, IsWhatTheCountersCannotHaveByRounding) {
  // Two processors: a second of the cell, half a second of somebody else, and 0.2 s of the host.
  const auto work = work_of_others(used({0, 0}), used({100, 50}, 20), {.seconds = 1}, 1, fine_ticks);
  ASSERT_TRUE(work);
  EXPECT_NEAR(work->others, 0.5 - 0.01 - 0.002, 1e-9) << "one counter, and two processors at work";
  EXPECT_NEAR(work->steal, 0.2 - 0.01, 1e-9);
}

TEST(WorkOfOthers, AHogBesideACellOfOneThreadIsSeenHoweverManyProcessorsThereAre) {
  std::vector<double> now(128);
  now[0] = now[1] = 100;
  const auto work = work_of_others(used(std::vector<double>(128)), used(now), {.seconds = 1}, 1, fine_ticks);
  ASSERT_TRUE(work);
  EXPECT_GT(work->others, 0.9);
  ProcessorTime some = used(now), before = used(std::vector<double>(128));
  some.all.reset();  // the cell may not use all of the machine
  const auto pinned = work_of_others(before, some, {.seconds = 1}, 1, fine_ticks);
  ASSERT_TRUE(pinned);
  EXPECT_GT(pinned->others, 0.9);
}

TEST(WorkOfOthers, WhatRoundingMayHideIsUnknownAndNotQuiet) {
  const KernelTicks coarse{.shown = 0.01, .taken = 0.004};
  const ProcessorTime none = used(std::vector<double>(128));
  // All processors are at work: 0.5 s of them may be rounding.
  const ProcessorTime all = used(std::vector<double>(128, 100));
  EXPECT_FALSE(work_of_others(none, all, {.seconds = 127.7}, 1, coarse)) << "0.3 cores, or none";
  const auto hog = work_of_others(none, all, {.seconds = 127}, 1, coarse);
  ASSERT_TRUE(hog) << "a whole core is no rounding";
  EXPECT_GT(hog->others, quiet_cores);
  EXPECT_TRUE(work_of_others(none, used(std::vector<double>(128, 1000)), {.seconds = 1280}, 10, coarse));
}

TEST(WorkOfOthers, OfAPartOfATickNobodyKnows) {
  EXPECT_FALSE(work_of_others(used({5, 5}), used({5, 5}), {.seconds = 0.003}, 0.003, fine_ticks));
}

TEST(WorkOfOthers, TheCountersOfOtherRanksAreRoundedToo) {
  const ProcessorTime none = used({0, 0}), both = used({50, 50});
  EXPECT_TRUE(work_of_others(none, both, {.seconds = 1}, 0.5, fine_ticks));
  EXPECT_FALSE(work_of_others(none, both, {.seconds = 1, .counters = 6}, 0.5, fine_ticks));
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
  EXPECT_EQ(time_of_children(::getpid()).seconds, 0);
  const pid_t other = ::fork();
  if (other == 0) {
    be_busy(0.3);
    while (true) ::pause();
  }
  for (int i = 0; i < 400 && time_of_children(::getpid()).seconds < 0.29; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_NEAR(time_of_children(::getpid()).seconds, 0.3, 0.05);
  const pid_t rank = ::fork();
  if (rank == 0) {
    be_busy(0.2);
    ::_exit(static_cast<int>(std::lround(100 * time_of_children(::getppid()).seconds)));  // its own time is not in it
  }
  int status = 0;
  ::waitpid(rank, &status, 0);
  EXPECT_NEAR(WEXITSTATUS(status), 30, 5);
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  EXPECT_EQ(time_of_children(::getpid()).seconds, 0);
}

TEST(ConditionsMeter, WhatTheOtherRanksOfAJobDoIsNotTheWorkOfOthers) {
  if (!processor_time(text_if_readable("/proc/stat"), usable_processors())) GTEST_SKIP() << "/proc/stat does not tell";
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

TEST(Quiet, IsUnknownWhereRepeatsDoNotTellAndMayBeEither) {
  const auto beside = [](std::vector<RepeatConditions> conditions) {
    CellRecord record = fixtures::fake_record();
    record.conditions = std::move(conditions);
    return record.quiet();
  };
  const RepeatConditions quiet{.others = 0.0, .steal = 0.0}, busy{.others = 1.0, .steal = 0.0}, unknown{.load = 0.5};
  EXPECT_EQ(beside({}), std::nullopt);
  EXPECT_EQ(beside({unknown}), std::nullopt);
  EXPECT_EQ(beside({quiet, unknown}), std::nullopt);
  EXPECT_EQ(beside({busy, unknown, unknown}), std::nullopt) << "one disturbed repeat of three decides nothing";
  EXPECT_EQ(beside({quiet, unknown, quiet}), true);
  EXPECT_EQ(beside({busy, unknown, busy}), false);
  CellRecord record = fixtures::fake_record();
  record.conditions = {unknown};
  EXPECT_TRUE(record.is_quiet()) << "such times count and are not marked, as those of older programs";
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
