// `frugal search`: what is printed, charged and kept, resumed and refused.
#include <gmock/gmock.h>

#include <csignal>
#include <set>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* hill_plan = R"(schema: 1
name: peak
workload: hill
backend: cpu
dataset: toy
search:
  space:
    params.hill.grid: [1, 2, 4, 8, 16, 32, 64]
    params.hill.width: [16, 32, 64, 128]
  maximize: quality
  subject_to: [{metric: flops.train, max: 1.0e+10}]
  fidelity: {params.hill.steps: [128, 512]}
  cost: flops.train
  budget: 0.4
seeds: [1, 2]
limits: {threads: 1}
)";

class Search : public ProgramTest {
 protected:
  Search() { write("hill.yaml", hill_plan); }

  Said search(const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"search", "hill.yaml", "--out", "run"};
    args.insert(args.end(), more.begin(), more.end());
    return fake(args);
  }

  nlohmann::json searches() const { return nlohmann::json::parse(read("run/search.json")).at("searches"); }
};

TEST_F(Search, PrintsWhatEachStrategyFoundAndKeepsTheTrajectories) {
  const Said said = search({"--format", "csv"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(
      said.out,
      AllOf(HasSubstr("exhaustive,8,64,quality,quality,,dB,2,35.7589"), HasSubstr("\nhill,peak,greedy,8,64,quality,"),
            HasSubstr("\nhill,peak,halving,16,64,quality,"), HasSubstr("\nhill,peak,model,8,64,quality,")));
  EXPECT_THAT(said.err, AllOf(HasSubstr("search peak: 21 structures of 28; 7 beyond"), HasSubstr("records: run")));
  ASSERT_EQ(searches().size(), 1u);
  const nlohmann::json strategies = searches().at(0).at("strategies");
  ASSERT_EQ(strategies.size(), 4u);
  EXPECT_EQ(strategies[0].at("trials").size(), 21u);
  for (const nlohmann::json& strategy : strategies) {
    EXPECT_LE(strategy.at("cost").get<double>(), strategies[0].at("cost").get<double>());
    double cost = 0;
    for (const nlohmann::json& trial : strategy.at("trials")) cost += trial.at("cost").get<double>();
    EXPECT_DOUBLE_EQ(cost, strategy.at("cost").get<double>());
  }
}

TEST_F(Search, RunsEachCellOnceThoughStrategiesShareThem) {
  ASSERT_EQ(search().code, 0);
  std::set<std::string> ids;
  for (const nlohmann::json& record : records("run/cells.jsonl")) ids.insert(record.at("id").get<std::string>());
  EXPECT_EQ(ids.size(), lines_of("run/cells.jsonl"));
  std::set<std::string> asked;
  const nlohmann::json all = searches();
  for (const nlohmann::json& strategy : all.at(0).at("strategies"))
    for (const nlohmann::json& trial : strategy.at("trials"))
      for (const nlohmann::json& id : trial.at("cells")) asked.insert(id.get<std::string>());
  EXPECT_EQ(ids, asked);
}

TEST_F(Search, AFinishedOneIsOnlyPrintedAgain) {
  const Said first = search();
  const std::string trajectories = read("run/search.json");
  const std::size_t cells = lines_of("run/cells.jsonl");
  const Said second = search();
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, Not(HasSubstr("[1/")));
  EXPECT_EQ(lines_of("run/cells.jsonl"), cells);
  EXPECT_EQ(read("run/search.json"), trajectories);
  const Said capsule = fake({"capsule", "run", "--out", "capsule"});
  EXPECT_EQ(capsule.code, 2);
  EXPECT_THAT(capsule.err, HasSubstr("this is a search"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "capsule"));
}

TEST_F(Search, CtrlCKeepsWhatIsDoneAndItGoesOnFromThere) {
  const std::vector<std::string> slow = {"search", "hill.yaml", "--out", "run", "--set", "params.hill.seconds=0.03"};
  auto program = start_fake(slow);
  ASSERT_TRUE(eventually([&] { return lines_of("run/cells.jsonl") >= 2; }));
  program->send(SIGINT);
  const Said stopped = program->wait();
  EXPECT_EQ(stopped.code, 130);
  EXPECT_EQ(stopped.out, "");
  EXPECT_THAT(masked(stopped.err), AllOf(HasSubstr("interrupted"), HasSubstr("To go on: frugal search hill.yaml")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/search.json"));
  const std::string before = read("run/cells.jsonl");
  EXPECT_EQ(fake(slow).code, 0);
  EXPECT_THAT(read("run/cells.jsonl"), StartsWith(before));
}

TEST_F(Search, SeveralDocumentsAreSeveralSearchesOverOneRecord) {
  std::string other = hill_plan;
  other.replace(other.find("peak"), 4, "cheap");
  other.replace(other.find("maximize: quality"), 17, "minimize: flops.train");
  other.replace(other.find("{metric: flops.train, max: 1.0e+10}"), 35, "{metric: quality, min: 38}");
  write("two.yaml", std::string(hill_plan) + "---\n" + other);
  const Said said = fake({"search", "two.yaml", "--out", "run"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out,
              AllOf(HasSubstr("peak: maximise quality subject to"), HasSubstr("cheap: minimise flops.train")));
  EXPECT_EQ(searches().size(), 2u);
}

TEST_F(Search, NothingWithinTheBoundsIsOneAndNamesTheNearestMiss) {
  const std::string text = hill_plan;
  std::string none = text;
  none.replace(none.find("max: 1.0e+10"), 12, "max: 1.0e+3");
  write("hill.yaml", none);
  const Said said = search();
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("the nearest is grid=1 width=16: flops.train 3.932e+08 is above 1000"));
  EXPECT_THAT(said.err, HasSubstr("plan 'peak': no structure is within the bounds"));
  EXPECT_EQ(lines_of("run/cells.jsonl"), 0u);
}

TEST_F(Search, FailedCellsAreThreeUntilTheyRunWell) {
  const Said failed = search({"--set", "params.hill.fails_at=16"});
  EXPECT_EQ(failed.code, 3);
  EXPECT_THAT(failed.out, AllOf(HasSubstr("failed and count as worst"), HasSubstr("greedy")));
  EXPECT_THAT(masked(failed.err), HasSubstr("To run what failed again: frugal search hill.yaml"));
  const std::size_t cells = lines_of("run/cells.jsonl");
  EXPECT_EQ(search({"--set", "params.hill.fails_at=16"}).code, 3);
  EXPECT_EQ(lines_of("run/cells.jsonl"), cells) << "they are not run again unasked";
  EXPECT_EQ(search({"--set", "params.hill.fails_at=16", "--rerun", "failed"}).code, 3);
  EXPECT_GT(lines_of("run/cells.jsonl"), cells);
  EXPECT_EQ(search({"--rerun", "all"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/cells.jsonl.bak"));
}

TEST_F(Search, SearchesAndOtherPlansHaveAVerbEach) {
  const Said run = fake({"run", "hill.yaml"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("hill.yaml: plan 'peak' has a search: `frugal search` runs it"));
  write("toy.yaml", "schema: 1\nname: toy\nworkload: hill\ndataset: toy\n");
  const Said said = fake({"search", "toy.yaml"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("toy.yaml: plan 'toy' has no key 'search': `frugal run` runs it"));
  EXPECT_EQ(search({"--rerun", "al"}).code, 2);
}

TEST_F(Search, WhatIsNotHereIsFourBeforeAnythingRuns) {
  EXPECT_EQ(search({"--set", "backend=cuda"}).code, 4);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(Search, PlanTellsTheSpace) {
  const Said said = fake({"plan", "hill.yaml"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, AllOf(HasSubstr("search: 21 structures of 28; 7 beyond the bounds"), HasSubstr("56 cells")));
}

TEST_F(Search, ItsRecordsAreAnOrdinaryRun) {
  ASSERT_EQ(search().code, 0);
  EXPECT_EQ(fake({"compare", "run", "run"}).code, 0);
}

}  // namespace
}  // namespace frugal::end_to_end
