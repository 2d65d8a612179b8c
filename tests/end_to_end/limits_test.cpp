// Limits from both sides: not before, and not much later.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "impl/base/sanitizer.hpp"
#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Limits : public ProgramTest {
 protected:
  Limits() { write("plan.yaml", "schema: 1\nname: plan\nworkload: trouble\nbackend: cpu\ndataset: toy\nseeds: [1]\n"); }

  /// Runs one cell anew; its record is `record()`, the wall time `seconds_`.
  Said run(const std::vector<std::string>& settings, const std::vector<std::string>& variables = {}) {
    std::filesystem::remove_all(folder_ / "run");
    std::vector<std::string> args = {"run", "plan.yaml", "--out", "run"};
    for (const std::string& setting : settings) args.insert(args.end(), {"--set", setting});
    const auto start = std::chrono::steady_clock::now();
    Said said = fake(args, variables);
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return said;
  }
  nlohmann::json record() const { return records("run/cells.jsonl").at(0); }
  double metric(const char* name) const { return record().at("metrics").at(name).get<double>(); }

  double seconds_ = 0;
};

TEST_F(Limits, MemoryIsThereUpToTheLimitAndNotBeyond) {
  if (has_sanitizer) GTEST_SKIP() << "builds with a sanitizer set no limit";
  const std::vector<std::string> limit = {"params.trouble.act=allocate_some", "limits.memory_gib=0.5"};
  run({limit[0], limit[1], "params.trouble.gib=0.3"});
  EXPECT_EQ(record().at("status"), "ok");
  EXPECT_NEAR(metric("memory.peak"), 0.3 * std::pow(2, 30), 0.1 * std::pow(2, 30)) << "bytes";
  run({limit[0], limit[1], "params.trouble.gib=0.6"});
  EXPECT_EQ(record().at("status"), "oom");
}

TEST_F(Limits, OfTheDeviceAreFoundInAProcessOfTheirOwnOnceARun) {
  if (has_sanitizer) GTEST_SKIP() << "a sanitizer needs much memory of its own";
  run({"params.trouble.act=sleep", "params.trouble.seconds=0.01", "measure.limits=true", "seeds=[1,2]"});
  const auto both = records("run/cells.jsonl");
  ASSERT_EQ(both.size(), 2);
  if (both[0].contains("absent")) GTEST_SKIP() << both[0].at("absent");  // no AVX2
  for (const nlohmann::json& cell : both)
    EXPECT_LT(cell.at("metrics").at("memory.peak"), 2e8) << "the probe reads 512 MiB";
  for (const char* rate : {"flops", "bytes", "sines", "l1", "l2"})
    EXPECT_GT(both[0].at("limits").at(rate), 1e8) << rate;
  EXPECT_EQ(both[0].at("limits").at("precision"), "fp32");
  EXPECT_EQ(both[0].at("limits"), both[1].at("limits"));
}

TEST_F(Limits, OfOpenFilesThatAreTooLowAreNoBug) {
  if (has_sanitizer) GTEST_SKIP() << "the sanitizers open files of their own";
  bool is_enough = false;
  for (int files = 6; files < 40 && !is_enough; ++files) {
    const std::string command =
        fmt::format("ulimit -n {}; exec {} run plan.yaml --out run{}", files, FAKE_FRUGAL_PROGRAM, files);
    const Said said = Program("/bin/sh", {"-c", command}, folder_).wait();
    is_enough = said.code == 0;
    if (is_enough) continue;
    EXPECT_THAT(said.err, Not(HasSubstr("internal error"))) << files;
    // Of very few the loader says that the program's libraries cannot be opened.
    EXPECT_THAT(said.err, AnyOf(HasSubstr("Too many open files"), HasSubstr("error while loading"))) << files;
  }
  EXPECT_TRUE(is_enough);
}

TEST_F(Limits, ATimeoutComesWhenItIsDue) {
  run({"params.trouble.act=sleep", "params.trouble.seconds=40", "limits.timeout_s=1"});
  EXPECT_EQ(record().at("status"), "timeout");
  EXPECT_GE(seconds_, 1);
  EXPECT_LT(seconds_, 8);
  run({"params.trouble.act=sleep", "params.trouble.seconds=0.3", "limits.timeout_s=20"});
  EXPECT_EQ(record().at("status"), "ok");
}

TEST_F(Limits, ADeafCellHasTwoSecondsOfGrace) {
  run({"params.trouble.act=deaf", "params.trouble.seconds=60", "limits.timeout_s=0.2"});
  EXPECT_EQ(record().at("status"), "timeout");
  EXPECT_GE(seconds_, 2);
  EXPECT_LT(seconds_, 14);
}

TEST_F(Limits, ASecondSignalDoesNotWaitForTheGrace) {
  const auto program = start_fake(
      {"run", "plan.yaml", "--out", "run", "--set", "params.trouble.act=deaf", "--set", "params.trouble.seconds=60"});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "run/cells.jsonl"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto start = std::chrono::steady_clock::now();
  program->send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  program->send(SIGINT);
  EXPECT_EQ(program->wait().code, 130);
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 1.7);
}

TEST_F(Limits, WhatACellStartedGoesWithIt) {
  ASSERT_EQ(run({"params.trouble.act=leave_child"}).code, 0);
  const auto grandchild = static_cast<pid_t>(metric("other"));
  ASSERT_GT(grandchild, 1);
  EXPECT_TRUE(eventually([&] { return !is_alive(grandchild); }));
  ::kill(grandchild, SIGKILL);
}

TEST_F(Limits, TheEnvironmentOfACellIsThatOfAFairClock) {
  ::unsetenv("OMP_WAIT_POLICY");
  const std::vector<std::string> abort = {"params.trouble.act=environment", "params.trouble.n=9"};
  run(abort, {"OMP_PROC_BIND=true"});
  EXPECT_THAT(record().at("error").get<std::string>(), HasSubstr("OMP_WAIT_POLICY=passive\nOMP_PROC_BIND=unset"));
  run(abort, {"OMP_WAIT_POLICY=active"});
  EXPECT_THAT(record().at("error").get<std::string>(), HasSubstr("OMP_WAIT_POLICY=active")) << "what a user says holds";
  ASSERT_EQ(run({"params.trouble.act=environment", "limits.threads=3"}, {"OMP_NUM_THREADS=7"}).code, 0);
  EXPECT_EQ(metric("threads"), 3);
}

// What is loaded into the program is libc, which is there anyway.
TEST_F(Limits, AToolThatWritesWhenACellEndsIsGivenTheTime) {
  if (has_sanitizer) GTEST_SKIP() << "a sanitizer's library must be loaded before any other";
  for (const char* loads : {"LD_PRELOAD=libc.so.6", "CUDA_INJECTION64_PATH=none"}) {
    ASSERT_EQ(run({"params.trouble.act=at_exit"}, {loads}).code, 0);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "run/artifacts" / record().at("id").get<std::string>() / "late.txt"))
        << loads;
  }
}

TEST_F(Limits, CellsOfOneRunHaveEachTheirEnvironment) {
  write("axis.yaml",
        "schema: 1\nname: plan\nworkload: trouble\nbackend: cpu\ndataset: toy\nseeds: [1, 2]\n"
        "params: {trouble: {act: environment}}\nmatrix: {limits.threads: [1, 3], limits.isa: [widest, avx2]}\n");
  ASSERT_EQ(fake({"run", "axis.yaml", "--out", "run"}).code, 0);
  const auto cells = records("run/cells.jsonl");
  ASSERT_EQ(cells.size(), 8);
  for (const nlohmann::json& cell : cells) {
    const nlohmann::json& limits = cell.at("execution").at("limits");
    EXPECT_EQ(cell.at("metrics").at("threads"), limits.at("threads"));
    EXPECT_EQ(cell.at("metrics").at("other"), limits.at("isa") == "avx2" ? 1 : 0);
  }
}

}  // namespace
}  // namespace frugal::end_to_end
