// Stopping and going on: nothing that was finished is lost or run twice.
#include <gmock/gmock.h>

#include <csignal>
#include <set>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* slow_plan = R"(schema: 1
name: slow
workload: trouble
backend: cpu
dataset: toy
params: {trouble: {act: sleep, seconds: 0.15}}
seeds: [1, 2, 3, 4, 5, 6]
limits: {threads: 1}
)";

class Resume : public ProgramTest {
 protected:
  Resume() { write("slow.yaml", slow_plan); }

  /// Each id exactly once, in the order of the seeds.
  void expect_complete(std::size_t count) {
    std::vector<std::uint64_t> seeds;
    std::set<std::string> ids;
    for (const nlohmann::json& record : records("run/cells.jsonl")) {
      seeds.push_back(record.at("seed").get<std::uint64_t>());
      ids.insert(record.at("id").get<std::string>());
      EXPECT_EQ(record.at("status"), "ok");
    }
    EXPECT_EQ(ids.size(), count);
    EXPECT_EQ(seeds.size(), count) << "a finished cell ran again";
    EXPECT_TRUE(std::is_sorted(seeds.begin(), seeds.end()));
  }

  std::unique_ptr<Program> start_and_wait_for(std::size_t cells, const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"run", "slow.yaml", "--out", "run"};
    args.insert(args.end(), more.begin(), more.end());
    auto program = start_fake(args);
    EXPECT_TRUE(eventually([&] { return lines_of("run/cells.jsonl") >= cells; }));
    return program;
  }

  Said go_on() { return fake({"run", "slow.yaml", "--out", "run"}); }
};

TEST_F(Resume, AfterKillMinusNineNothingIsLostOrRunTwice) {
  auto program = start_and_wait_for(2);
  program->send(SIGKILL);
  EXPECT_EQ(program->wait().code, 128 + SIGKILL);
  const std::size_t finished = lines_of("run/cells.jsonl");
  ASSERT_LT(finished, 6u) << "the run was over before it was killed";
  const Said said = go_on();
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("going on: " + std::to_string(finished) + " of 6"));
  expect_complete(6);
}

TEST_F(Resume, TheChildDiesWithItsParent) {
  auto program = start_fake(
      {"run", "slow.yaml", "--out", "run", "--set", "params.trouble.act=deaf", "--set", "params.trouble.seconds=60"});
  std::vector<pid_t> below;
  ASSERT_TRUE(eventually([&] {
    below = descendants(program->pid());
    return below.size() == 2;
  })) << "a server and its cell never began";
  program->send(SIGKILL);
  program->wait();
  for (const pid_t process : below) {
    EXPECT_TRUE(eventually([&] { return !is_alive(process); }));
    ::kill(process, SIGKILL);
  }
}

TEST_F(Resume, AServerThatIsKilledCostsItsCellOnly) {
  auto program = start_fake({"run", "slow.yaml", "--out", "run"});
  std::vector<pid_t> below;
  ASSERT_TRUE(eventually([&] {
    below = descendants(program->pid());
    return below.size() == 2;
  }));
  ::kill(below[0], SIGKILL);
  EXPECT_EQ(program->wait().code, 3);
  EXPECT_EQ(lines_of("run/cells.jsonl"), 6u);
  EXPECT_EQ(records("run/cells.jsonl").at(0).at("status"), "oom") << "so a cell that was killed is taken for";
  EXPECT_EQ(fake({"run", "slow.yaml", "--out", "run", "--rerun", "failed"}).code, 0);
  EXPECT_EQ(lines_of("run/cells.jsonl"), 7u);
}

TEST_F(Resume, CtrlCKeepsWhatIsFinishedAndExitsWith130) {
  auto program = start_and_wait_for(2);
  program->send(SIGINT);
  const Said said = program->wait();
  EXPECT_EQ(said.code, 130);
  EXPECT_THAT(masked(said.err), AllOf(HasSubstr("interrupted"), HasSubstr("To go on: frugal run slow.yaml --out run")));
  EXPECT_THAT(said.out, HasSubstr("records: run"));
  EXPECT_LT(lines_of("run/cells.jsonl"), 6u);
  EXPECT_EQ(go_on().code, 0);
  expect_complete(6);
}

TEST_F(Resume, ALongCellGoesOnFromItsCheckpointAndEndsAsIfNobodyHadStoppedIt) {
  write("long.yaml", R"(schema: 1
name: long
workload: inr
backend: cpu
dataset: synthetic-photo
params: {inr: {size: 16, grid: 1, width: 16, hidden_layers: 1, steps: 300000, patience: 300000}}
limits: {threads: 1, checkpoint_s: 0.05}
)");
  ASSERT_EQ(frugal({"run", "long.yaml", "--out", "whole"}).code, 0);
  auto program = start_frugal({"run", "long.yaml", "--out", "run"});
  const auto has_checkpoint = [&] {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "run/checkpoints", ignored))
      if (entry.path().extension() == ".safetensors") return true;
    return false;
  };
  ASSERT_TRUE(eventually(has_checkpoint));
  program->send(SIGINT);
  EXPECT_EQ(program->wait().code, 130);
  EXPECT_TRUE(has_checkpoint());
  const Said said = frugal({"run", "long.yaml", "--out", "run"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("goes on from its checkpoint"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/checkpoints"));
  const nlohmann::json whole = records("whole/cells.jsonl").at(0), pieces = records("run/cells.jsonl").at(0);
  EXPECT_FALSE(whole.contains("taken_up"));
  EXPECT_GT(pieces.at("taken_up").at("train"), 0);
  EXPECT_EQ(pieces.at("curves"), whole.at("curves"));
  for (const char* metric : {"psnr", "psnr[enrp]", "psnr[enrp,best]", "flops.train", "steps.done"})
    EXPECT_EQ(pieces.at("metrics").at(metric), whole.at("metrics").at(metric)) << metric;
  EXPECT_THAT(frugal({"report", "run"}).out, HasSubstr("1 cell was stopped and gone on with"));
}

TEST_F(Resume, TerminationIsLikeCtrlC) {
  auto program = start_and_wait_for(1);
  program->send(SIGTERM);
  EXPECT_EQ(program->wait().code, 130);
}

TEST_F(Resume, ASecondCtrlCKillsAtOnce) {
  auto program = start_fake(
      {"run", "slow.yaml", "--out", "run", "--set", "params.trouble.act=deaf", "--set", "params.trouble.seconds=60"});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "run/cells.jsonl"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto start = std::chrono::steady_clock::now();
  program->send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  program->send(SIGINT);
  EXPECT_EQ(program->wait().code, 130);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500)) << "that is the grace period";
  EXPECT_EQ(lines_of("run/cells.jsonl"), 0u);
}

TEST_F(Resume, ATornLastLineIsCutOffAndItsCellRunsAgain) {
  ASSERT_EQ(fake({"run", "slow.yaml", "--out", "run", "--set", "params.trouble.seconds=0"}).code, 0);
  const std::string whole = read("run/cells.jsonl");
  write("run/cells.jsonl", whole.substr(0, whole.size() - 40));
  EXPECT_EQ(fake({"run", "slow.yaml", "--out", "run", "--set", "params.trouble.seconds=0"}).code, 0);
  expect_complete(6);
}

TEST_F(Resume, ShardsTogetherAreTheWhole) {
  const std::vector<std::string> quick = {"run", "slow.yaml", "--set", "params.trouble.seconds=0"};
  std::set<std::string> ids;
  std::size_t count = 0;
  for (const std::string part : {"1/2", "2/2"}) {
    std::vector<std::string> args = quick;
    args.insert(args.end(), {"--shard", part, "--out", "part" + part.substr(0, 1)});
    EXPECT_EQ(fake(args).code, 0);
    for (const nlohmann::json& record : records("part" + part.substr(0, 1) + "/cells.jsonl")) {
      ids.insert(record.at("id").get<std::string>());
      ++count;
    }
  }
  EXPECT_EQ(ids.size(), 6u);
  EXPECT_EQ(count, 6u);
}

TEST_F(Resume, OtherThreadsAreRefusedUntilRerunAll) {
  const std::vector<std::string> one = {"run", "slow.yaml", "--out", "run", "--set", "params.trouble.seconds=0"};
  ASSERT_EQ(fake(one).code, 0);
  std::vector<std::string> two = one;
  two.insert(two.end(), {"--set", "limits.threads=2"});
  const Said refused = fake(two);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("1 for plan 'slow' then, 2 now"), HasSubstr("--out")));
  two.insert(two.end(), {"--rerun", "all"});
  EXPECT_EQ(fake(two).code, 0);
  EXPECT_EQ(lines_of("run/cells.jsonl"), 6u);
  EXPECT_EQ(lines_of("run/cells.jsonl.bak"), 6u);
}

TEST_F(Resume, AnotherBuildIsRefused) {
  const std::vector<std::string> args = {"run", "slow.yaml", "--out", "run", "--set", "params.trouble.seconds=0"};
  ASSERT_EQ(fake(args).code, 0);
  nlohmann::json run = nlohmann::json::parse(read("run/run.json"));
  run["build"]["commit"] = "0123456789abcdef0123456789abcdef01234567";
  write("run/run.json", run.dump());
  const Said said = fake(args);
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, AllOf(HasSubstr("commit 0123456789ab"), HasSubstr("--rerun all")));
}

TEST_F(Resume, AnotherMachineIsRefusedUntilMix) {
  const std::vector<std::string> args = {"run", "slow.yaml", "--out", "run", "--set", "params.trouble.seconds=0"};
  ASSERT_EQ(fake(args).code, 0);
  nlohmann::json run = nlohmann::json::parse(read("run/run.json"));
  run["machine"]["cpu_model"] = "of another generation";
  write("run/run.json", run.dump());
  std::vector<std::string> more = args;
  more.insert(more.end(), {"--set", "seeds=[1,2,3,4,5,6,7]"});
  const Said refused = fake(more);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("another machine (its cpu_model differs)"), HasSubstr("--mix")));
  more.emplace_back("--mix");
  EXPECT_EQ(fake(more).code, 0);
  EXPECT_FALSE(records("run/cells.jsonl").at(0).contains("machine"));
  const std::string id = records("run/cells.jsonl").at(6).at("machine");
  run = nlohmann::json::parse(read("run/run.json"));
  EXPECT_EQ(run.at("machine").at("cpu_model"), "of another generation");
  EXPECT_NE(run.at("machines").at(id).at("cpu_model"), "of another generation");
}

TEST_F(Resume, TwoPlansOfOneNameInTwoFoldersDoNotShareARun) {
  write("a/plan.yaml", slow_plan);
  std::string other = slow_plan;
  other.replace(other.find("[1, 2, 3, 4, 5, 6]"), 18, "[7, 8]");
  write("b/plan.yaml", other);
  const std::vector<std::string> quick = {"--set", "params.trouble.seconds=0"};
  const auto run = [&](const std::string& plan) { return fake({"run", plan, quick[0], quick[1]}); };
  ASSERT_EQ(run("a/plan.yaml").code, 0);
  const Said refused = run("b/plan.yaml");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("another plan file"), HasSubstr("--out")));
  write("a/plan.yaml", other);
  const Said edited = run("a/plan.yaml");
  EXPECT_EQ(edited.code, 0);
  EXPECT_THAT(edited.err, HasSubstr("6 finished cells are in no plan of this file any more"));
  EXPECT_EQ(nlohmann::json::parse(read("results/local/plan/run.json")).at("plan").at("stale").size(), 6u);
}

TEST_F(Resume, MoreSeedsRunOnlyTheNewCells) {
  const std::vector<std::string> args = {"run", "slow.yaml", "--out", "run", "--set", "params.trouble.seconds=0"};
  ASSERT_EQ(fake(args).code, 0);
  std::vector<std::string> more = args;
  more.insert(more.end(), {"--set", "seeds=[1,2,3,4,5,6,7,8]"});
  const Said said = fake(more);
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.err, HasSubstr("going on: 6 of 8"));
  expect_complete(8);
}

}  // namespace
}  // namespace frugal::end_to_end
