// Cells that fail in every way: what is recorded, and which exit code follows.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "impl/base/sanitizer.hpp"
#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

class Failures : public ProgramTest {
 protected:
  Failures() {
    write("plan.yaml", R"(schema: 1
name: plan
workload: trouble
backend: cpu
dataset: toy
seeds: [1]
)");
  }

  /// Runs one cell; its record is `record()`.
  Said run(const std::vector<std::string>& settings) {
    std::vector<std::string> args = {"run", "plan.yaml", "--out", "run"};
    for (const std::string& setting : settings) args.insert(args.end(), {"--set", setting});
    return fake(args);
  }
  nlohmann::json record() const { return records("run/cells.jsonl").at(0); }
};

TEST_F(Failures, ACrashIsRecordedWithItsSignalAndLastWords) {
  const Said said = run({"params.trouble.act=crash", "params.trouble.n=6"});
  EXPECT_EQ(said.code, 3);
  EXPECT_EQ(record().at("status"), "failed");
  EXPECT_THAT(record().at("error").get<std::string>(),
              AllOf(HasSubstr("SIGABRT"), HasSubstr("line 30"), HasSubstr("line 11"), Not(HasSubstr("line 10"))));
  EXPECT_THAT(masked(said.err),
              HasSubstr("run it again: frugal run plan.yaml --out run --set params.trouble.act=crash"));
}

TEST_F(Failures, ATimeoutEndsACellThatDoesNotListen) {
  const Said said = run({"params.trouble.act=sleep", "params.trouble.seconds=50", "limits.timeout_s=0.3"});
  EXPECT_EQ(said.code, 3);
  EXPECT_EQ(record().at("status"), "timeout");
  EXPECT_THAT(record().at("error").get<std::string>(), HasSubstr("0.3 s"));
}

TEST_F(Failures, ADeafCellIsKilledAfterTheGracePeriod) {
  EXPECT_EQ(run({"params.trouble.act=deaf", "params.trouble.seconds=50", "limits.timeout_s=0.2"}).code, 3);
  EXPECT_EQ(record().at("status"), "timeout");
}

TEST_F(Failures, TheMemoryLimitMakesOom) {
  if (has_sanitizer) GTEST_SKIP() << "builds with a sanitizer set no limit";
  for (const std::string act : {"allocate", "allocate_in_parallel"}) {
    std::filesystem::remove_all(folder_ / "run");
    EXPECT_EQ(run({"params.trouble.act=" + act, "limits.memory_gib=0.5"}).code, 3);
    EXPECT_EQ(record().at("status"), "oom") << act;
    EXPECT_THAT(record().at("error").get<std::string>(), HasSubstr("limits.memory_gib: 0.5"));
  }
}

TEST_F(Failures, AKillFromOutsideIsOom) {
  EXPECT_EQ(run({"params.trouble.act=killed"}).code, 3);
  EXPECT_EQ(record().at("status"), "oom");
}

TEST_F(Failures, ExceptionsAndExitsAreFailures) {
  EXPECT_EQ(run({"params.trouble.act=throw"}).code, 3);
  EXPECT_EQ(record().at("error"), "thrown on purpose");
  std::filesystem::remove_all(folder_ / "run");
  EXPECT_EQ(run({"params.trouble.act=exit", "params.trouble.n=0"}).code, 3);
  EXPECT_THAT(record().at("error").get<std::string>(), HasSubstr("exit code 0 before it was done"));
}

TEST_F(Failures, CellsThatFailAreThreeWhateverTheReasonAndTwoIsOnlyWhereNothingRan) {
  const Said mistake = run({"params.trouble.act=user_error"});
  EXPECT_EQ(mistake.code, 3);
  EXPECT_THAT(mistake.err, HasSubstr("ratings.dat:7: broken on purpose"));
  EXPECT_EQ(run({"params.trouble.act=user_error"}).code, 3) << "nothing to run: it says the same again";
  EXPECT_EQ(run({"params.trouble.act=unavailable"}).code, 3);
  EXPECT_EQ(run({"params.trouble.act=user_error", "params.trouble.broken_seed=2", "seeds=[1,2,3]"}).code, 3);
  EXPECT_EQ(run({"params.trouble.act=[user_error,unavailable]"}).code, 2) << "no axis: a list is no act";
}

TEST_F(Failures, ANumberThatIsNotFiniteFailsAndIsNeverWritten) {
  EXPECT_EQ(run({"params.trouble.act=nan"}).code, 3);
  EXPECT_EQ(record().at("error"), "metric other is not finite (nan)");
  EXPECT_FALSE(record().at("metrics").contains("other"));
  EXPECT_TRUE(record().at("metrics").contains("score"));
  EXPECT_THAT(read("run/cells.jsonl"), Not(HasSubstr("null")));
}

TEST_F(Failures, RepeatsThatDifferBreakBitwise) {
  EXPECT_EQ(run({"params.trouble.act=different", "measure.repeats=2", "determinism=bitwise"}).code, 3);
  EXPECT_THAT(record().at("error").get<std::string>(), HasSubstr("'other' differs between repeats"));
  std::filesystem::remove_all(folder_ / "run");
  EXPECT_EQ(run({"params.trouble.act=different", "measure.repeats=2", "determinism=free"}).code, 0);
  EXPECT_EQ(record().at("stages").at(0).at("wall_s").size(), 2u);
}

TEST_F(Failures, TheOthersRunOnAndRerunFailedRunsOnlyTheFailed) {
  write("plan.yaml", R"(schema: 1
name: plan
workload: trouble
backend: cpu
dataset: toy
params: {trouble: {act: throw, broken_seed: 2}}
seeds: [1, 2, 3]
)");
  EXPECT_EQ(run({}).code, 3);
  EXPECT_EQ(lines_of("run/cells.jsonl"), 3u);
  const Said again = run({});
  EXPECT_EQ(again.code, 3) << "a failed cell is not done";
  EXPECT_THAT(again.err, HasSubstr("--rerun failed"));
  EXPECT_EQ(lines_of("run/cells.jsonl"), 3u);
  EXPECT_EQ(fake({"run", "plan.yaml", "--out", "run", "--rerun", "failed"}).code, 3);
  const auto all = records("run/cells.jsonl");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all.back().at("seed"), 2);
  const std::string id = all.front().at("id").get<std::string>();
  EXPECT_EQ(fake({"run", "plan.yaml", "--out", "run", "--rerun", id}).code, 0);
  EXPECT_EQ(records("run/cells.jsonl").back().at("id"), id);
}

TEST_F(Failures, TheClosingTableGroupsThemByReason) {
  const Said said = run({"params.trouble.act=throw", "seeds=[1,2,3,4,5]"});
  EXPECT_EQ(masked(said.out),
            "cells:   0 ok, 5 failed\nfailed:  5 x thrown on purpose\ntime:    TIME\nrecords: run\n"
            "next:    frugal run plan.yaml --out run --set params.trouble.act=throw --set 'seeds=[1,2,3,4,5]' --rerun "
            "failed\n");
  EXPECT_THAT(said.err,
              AllOf(HasSubstr("seed=3\nand 2 more\n  failed: thrown on purpose"), Not(HasSubstr("seed=4\nand"))));
}

TEST_F(Failures, FailFastStopsAtTheFirstAndLeavesTheRestToDo) {
  const std::vector<std::string> settings = {"params.trouble.act=user_error", "params.trouble.broken_seed=2",
                                             "seeds=[1,2,3,4]"};
  std::vector<std::string> args = {"run", "plan.yaml", "--out", "run", "--fail-fast"};
  for (const std::string& setting : settings) args.insert(args.end(), {"--set", setting});
  const Said said = fake(args);
  EXPECT_EQ(said.code, 3) << "what the others would come to is unknown";
  EXPECT_THAT(said.out, HasSubstr("cells:   1 ok, 1 failed, 2 to do\n"));
  EXPECT_EQ(lines_of("run/cells.jsonl"), 2u);
  fake(args);
  EXPECT_EQ(lines_of("run/cells.jsonl"), 4u);
}

TEST_F(Failures, QuietSaysOnlyWhatFailedAndTheTable) {
  EXPECT_EQ(fake({"run", "plan.yaml", "--out", "good", "-q"}).err, "");
  const Said said = fake({"run", "plan.yaml", "--out", "run", "--quiet", "--set", "params.trouble.act=throw"});
  EXPECT_THAT(said.err, AllOf(HasSubstr("thrown on purpose"), Not(HasSubstr("[1/1]"))));
  EXPECT_THAT(said.out, HasSubstr("records: run\n"));
}

TEST_F(Failures, JsonIsAnEventALineOnStandardOutputAndNothingElse) {
  const Said said = fake({"run", "plan.yaml", "--out", "run", "--json", "--set", "seeds=[1,2]", "--set",
                          "params.trouble.act=throw", "--set", "params.trouble.broken_seed=2"});
  EXPECT_EQ(said.code, 3);
  std::vector<nlohmann::json> events;
  std::istringstream lines(said.out);
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(events.size(), 6u);
  const nlohmann::json schema =
      nlohmann::json::parse(std::ifstream(FRUGAL_SOURCE_DIR "/results/schema/events.schema.json"));
  const nlohmann::json& finish = events.back();
  EXPECT_EQ(finish.at("event"), "finish");
  EXPECT_EQ(finish.at("exit_code"), 3);
  EXPECT_EQ(finish.at("done_now"), 1);
  EXPECT_EQ(finish.at("failed"), nlohmann::json::array({events[4].at("id")}));
  std::vector<std::string> keys;
  for (const auto& [key, value] : finish.items()) keys.push_back(key);
  EXPECT_THAT(
      keys, UnorderedElementsAreArray(schema.at("$defs").at("finish").at("required").get<std::vector<std::string>>()));
  EXPECT_THAT(said.err, AllOf(HasSubstr("[1/2]"), HasSubstr("records: run")));
}

TEST_F(Failures, TheChildGetsThePlansThreads) {
  ASSERT_EQ(run({"params.trouble.act=environment", "limits.threads=3"}).code, 0);
  EXPECT_EQ(record().at("metrics").at("threads"), 3);
  EXPECT_GT(record().at("metrics").at("memory.peak").get<double>(), 1e6);
}

TEST_F(Failures, ArtifactsLieInTheFolderOfTheirCell) {
  ASSERT_EQ(run({"params.trouble.act=artifact"}).code, 0);
  EXPECT_TRUE(
      std::filesystem::exists(folder_ / "run/artifacts" / record().at("id").get<std::string>() / "picture.txt"));
}

TEST_F(Failures, TwoRunsCannotWriteIntoOneFolder) {
  auto first = start_fake(
      {"run", "plan.yaml", "--out", "run", "--set", "params.trouble.act=sleep", "--set", "params.trouble.seconds=20"});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "run/cells.jsonl"); }));
  const Said second = Program(FAKE_FRUGAL_PROGRAM, {"run", "../plan.yaml", "--out", "../run"},
                              [&] {
                                std::filesystem::create_directories(folder_ / "second");
                                return folder_ / "second";
                              }())
                          .wait();
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr("another frugal is writing"));
  first->send(SIGINT);
  EXPECT_EQ(first->wait().code, 130);
}

}  // namespace
}  // namespace frugal::end_to_end
