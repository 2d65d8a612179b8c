// The command line: help, mistakes and their exit codes.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* toy_plan = R"(schema: 1
name: toy
workload: fake
backend: cpu
dataset: toy
matrix: {params.fake.n: [1, 2]}
seeds: [1, 2]
)";

class Verbs : public ProgramTest {};

TEST_F(Verbs, WithoutAVerbTellsTheVerbsAndExitsTwo) {
  const Said said = fake({});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, AllOf(HasSubstr("usage"), HasSubstr("doctor"), HasSubstr("examples")));
  EXPECT_EQ(said.out, "");
}

TEST_F(Verbs, EachVerbHelps) {
  for (const char* verb : {"doctor", "list", "plan", "run", "search", "verify", "check", "compare", "report", "data"}) {
    const Said said = fake({verb, "--help"});
    EXPECT_EQ(said.code, 0) << verb;
    EXPECT_THAT(said.out, HasSubstr("frugal " + std::string(verb))) << verb;
    EXPECT_EQ(fake({"help", verb}).out, said.out);
  }
  EXPECT_EQ(fake({"--help"}).code, 0);
}

TEST_F(Verbs, EachActionOfDataHelps) {
  for (const char* action : {"list", "verify", "fetch", "make"}) {
    const Said said = fake({"data", action, "--help"});
    EXPECT_EQ(said.code, 0) << action;
    EXPECT_THAT(said.out, HasSubstr("usage: frugal data " + std::string(action))) << action;
    EXPECT_THAT(fake({"data", "--help"}).out, HasSubstr(action));
    EXPECT_EQ(fake({"help", "data", action}).out, said.out);
  }
}

TEST_F(Verbs, HelpOfWhatThereIsNotSaysSo) {
  EXPECT_EQ(fake({"help"}).out, fake({"--help"}).out);
  EXPECT_THAT(fake({"help", "rnu"}).err, HasSubstr("did you mean 'run'"));
  EXPECT_THAT(fake({"help", "run", "data"}).err, HasSubstr("frugal run has no action 'data'"));
  const Said action = fake({"help", "data", "lst"});
  EXPECT_EQ(action.code, 2);
  EXPECT_THAT(action.err, AllOf(HasSubstr("did you mean 'list'"), HasSubstr("frugal data --help says more")));
  EXPECT_THAT(fake({"xyzzy"}).err, HasSubstr("(frugal --help lists the verbs)"));
}

TEST_F(Verbs, DataIsParsedAsStrictlyAsAnyVerb) {
  EXPECT_EQ(fake({"data"}).code, 2);
  EXPECT_THAT(fake({"data", "lst"}).err, HasSubstr("did you mean 'list'"));
  EXPECT_THAT(fake({"data", "list", "--data-dri", "x"}).err, HasSubstr("did you mean '--data-dir'"));
  EXPECT_EQ(fake({"data", "list", "extra"}).code, 2);
  EXPECT_EQ(fake({"data", "fetch"}).code, 2);
  EXPECT_THAT(fake({"data", "fetch", "ml-1n"}).err, HasSubstr("did you mean 'ml-1m'"));
  EXPECT_THAT(fake({"data", "make", "synthetic-photo"}).err, HasSubstr("needs --out FILE"));
  EXPECT_EQ(fake({"data", "make", "synthetic-photo", "--out", "p.png", "--seed", "one"}).code, 2);
  EXPECT_EQ(fake({"data", "make", "synthetic-photo", "--out", "p.png", "--param", "size=0"}).code, 2);
}

TEST_F(Verbs, DataListsMakesAndVerifies) {
  const Said list = fake({"data", "list", "--data-dir", "here"});
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.out, AllOf(HasSubstr("ml-1m"), HasSubstr("synthetic-photo")));
  EXPECT_EQ(fake({"data", "make", "synthetic-photo", "--param", "size=8", "--out", "p.png"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "p.png"));
  EXPECT_EQ(fake({"data", "verify", "ml-1m", "--data-dir", "here"}).code, 4) << "nothing is here";
}

TEST_F(Verbs, AnUnknownVerbGetsASuggestion) {
  const Said said = fake({"rnu"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("did you mean 'run'"));
}

TEST_F(Verbs, ADryRunPrintsWhatPlanPrintsAndRunsNothing) {
  write("toy.yaml", toy_plan);
  const Said said = fake({"run", "toy.yaml", "--out", "run", "--dry-run"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.out, fake({"plan", "toy.yaml"}).out);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  EXPECT_THAT(fake({"run", "toy.yaml", "--dry-run", "--shard", "1/2"}).out, HasSubstr("\n2 cells\n"));
  EXPECT_THAT(fake({"run", "toy.yaml", "--dry-run", "--shard", "3/2"}).err, HasSubstr("write I/N with 1 <= I <= N"));
  EXPECT_THAT(fake({"plan", "toy.yaml", "--out", "run"}).err, HasSubstr("--out is for --shards"));
}

TEST_F(Verbs, NoMisspeltOptionLeadsToOneThatRunsAllAgain) {
  EXPECT_THAT(fake({"run", "toy.yaml", "--dryrun"}).err, HasSubstr("did you mean '--dry-run'"));
  for (const std::string word : {"--renu", "--retun", "--run"})
    EXPECT_THAT(fake({"run", "toy.yaml", word}).err, Not(HasSubstr("did you mean '--rerun'"))) << word;
}

TEST_F(Verbs, OptionsAreNeverGuessed) {
  write("toy.yaml", toy_plan);
  const Said abbreviated = fake({"run", "toy.yaml", "--rer", "all"});
  EXPECT_EQ(abbreviated.code, 2);
  EXPECT_THAT(abbreviated.err, HasSubstr("did you mean '--rerun'"));
  EXPECT_EQ(fake({"plan", "toy.yaml", "another"}).code, 2);
  EXPECT_EQ(fake({"plan"}).code, 2);
  EXPECT_EQ(fake({"plan", "toy.yaml", "--set"}).code, 2);
  EXPECT_EQ(fake({"plan", "toy.yaml", "--set", "seeds"}).code, 2);
  EXPECT_EQ(fake({"run", "toy.yaml", "--out", "a", "--out", "b"}).code, 2);
  EXPECT_EQ(fake({"list", "plants"}).code, 2);
  EXPECT_EQ(fake({"__cell"}).code, 2);
}

TEST_F(Verbs, VersionNamesVersionCommitAndBuild) {
  const Said said = fake({"--version"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, ::testing::ContainsRegex("^frugal [0-9.]+ \\(commit [0-9a-z]+.*\\)\n$"));
}

TEST_F(Verbs, ListTellsEveryParameter) {
  const Said said = fake({"list", "workloads"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, AllOf(HasSubstr("params.fake.mf.dim"), HasSubstr("a|b"), HasSubstr("0 to 1"),
                              HasSubstr("dataset.size"), HasSubstr("lower")));
  EXPECT_THAT(fake({"list"}).out, AllOf(HasSubstr("trouble"), HasSubstr("reference"), HasSubstr("smoke")));
}

TEST_F(Verbs, ListOfOneSubjectTellsThatAlone) {
  const std::pair<const char*, const char*> subjects[] = {
      {"workloads", "params.fake.n"}, {"backends", "reference"}, {"datasets", "ml-1m"}, {"plans", "smoke"}};
  for (const auto& [subject, own] : subjects) {
    const std::string out = fake({"list", subject}).out;
    EXPECT_THAT(out, HasSubstr(own)) << subject;
    for (const auto& [other, of_other] : subjects)
      if (std::string(other) != subject) {
        EXPECT_THAT(out, Not(HasSubstr(std::string("\n") + of_other + " "))) << subject;
      }
  }
  EXPECT_THAT(fake({"list", "tables"}).out, AllOf(HasSubstr("cadc"), Not(HasSubstr("smoke"))));
}

TEST_F(Verbs, DoctorTellsMachineBackEndsAndDataSets) {
  const Said said = fake({"doctor", "--data-dir", "my_data"}, {"FRUGAL_DATA=/one:/two"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, AllOf(HasSubstr("commit"), HasSubstr("cores"), HasSubstr("reference  ready"),
                              HasSubstr("ml-1m"), HasSubstr("my_data /one /two")));
}

TEST_F(Verbs, AMistakeInAPlanIsToldWithLineColumnAndKey) {
  write("typo.yaml", std::string(toy_plan) + "seds: [3]\n");
  for (const char* verb : {"plan", "run"}) {
    const Said said = fake({verb, "typo.yaml"});
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, AllOf(HasSubstr("typo.yaml:8:1"), HasSubstr("'seds'"), HasSubstr("did you mean 'seeds'")));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "results")) << "nothing is written for a plan that cannot run";
}

TEST_F(Verbs, SomethingUnavailableIsFourBeforeAnythingRuns) {
  write("toy.yaml", toy_plan);
  EXPECT_EQ(fake({"plan", "toy.yaml", "--set", "backend=cuda"}).code, 4);
  const Said said = fake({"run", "toy.yaml", "--set", "backend=[cpu,cuda]", "--set", "backend=cuda"});
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.err, HasSubstr("no device on this machine"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "results"));
}

TEST_F(Verbs, OnlyRunsThePartOfAPlanThatThisMachineCan) {
  write("both.yaml", R"(schema: 1
name: both
workload: fake
dataset: toy
matrix: {backend: [cpu, cuda]}
seeds: [1]
)");
  EXPECT_EQ(fake({"run", "both.yaml"}).code, 4);
  EXPECT_EQ(fake({"run", "both.yaml", "--only", "backend=cuda"}).code, 4);
  EXPECT_EQ(fake({"run", "both.yaml", "--only", "backend=cpu"}).code, 0);
  EXPECT_EQ(fake({"run", "both.yaml", "--only", "backend=metal"}).code, 2);
}

TEST_F(Verbs, ABrokenGateIsOneAndIsNamed) {
  write("gated.yaml", std::string(toy_plan) + "gate: [{metric: score, min: 0.01, where: {params.fake.n: 1}}]\n");
  const Said said = fake({"run", "gated.yaml"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, AllOf(HasSubstr("gate broken"), HasSubstr("below 0.01"), Not(HasSubstr("n=2: score"))));
  EXPECT_EQ(fake({"run", "gated.yaml", "--only", "params.fake.n=2"}).code, 0);
}

TEST_F(Verbs, AGateIsJudgedOverAllSeedsOfTheFolderWhicheverCommandRanThem) {
  // Seed 1 alone is 0.006, both together are 0.0065.
  write("gated.yaml", std::string(toy_plan) + "gate: [{metric: score, min: 0.0062, where: {params.fake.n: 1}}]\n");
  const Said first = fake({"run", "gated.yaml", "--only", "seed=1"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("gate not judged: plan 'toy': score of 1 cell, as 1 of 2 seeds has no record"));
  const Said second = fake({"run", "gated.yaml", "--only", "seed=2"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.err, AllOf(HasSubstr("(n = 2)"), Not(HasSubstr("not judged"))));
  const std::string id = records("results/local/gated/cells.jsonl").at(0).at("id");
  const Said again = fake({"run", "gated.yaml", "--rerun", id});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("(n = 2)"));
}

TEST_F(Verbs, CheckAgainstItselfPassesAndAgainstABetterRunFails) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "b"}).code, 0);
  const Said same =
      fake({"check", "a", "--baseline", "b/cells.jsonl", "--format", "junit=junit.xml", "--format", "md=note.md"});
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("\npassed\n")) << "all formats go to files, so the log has the text";
  EXPECT_THAT(read("junit.xml"), HasSubstr("<testsuite"));
  EXPECT_THAT(read("note.md"), HasSubstr("### frugal check: passed"));

  std::string better;
  for (nlohmann::json record : records("b/cells.jsonl")) {
    record["metrics"]["score"] = record["metrics"]["score"].get<double>() + 0.5;
    better += record.dump() + "\n";
  }
  write("b/cells.jsonl", better);
  EXPECT_EQ(fake({"check", "a", "--baseline", "b"}).code, 1);
  EXPECT_EQ(fake({"check", "a"}).code, 2);
  EXPECT_EQ(fake({"check", "nowhere", "--baseline", "b"}).code, 2);
  EXPECT_EQ(fake({"check", "a", "--baseline", "b", "--format", "xml"}).code, 2);
  EXPECT_THAT(fake({"check", "a", "--baseline", "b", "--format", "xml"}).err, HasSubstr("unknown value of --format"));
  EXPECT_THAT(fake({"check", "a", "--baseline", "b", "--format", "md="}).err, HasSubstr("--format md= names no file"));
  EXPECT_EQ(fake({"check", "a", "--baseline", "b", "--time", "110%"}).code, 2);
  EXPECT_THAT(fake({"check", "a", "--baseline", "b", "--slowdown", "3%"}).err, HasSubstr("is for --paired only"));
  EXPECT_THAT(fake({"check", "--paired", "p", "q", "--time", "3%"}).err, HasSubstr("no meaning with --paired"));
}

TEST_F(Verbs, BaselineUpdateReplacesItAndTellsWhatChanges) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  const Said first = fake({"baseline", "update", "a", "--baseline", "base"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(read("base/cells.jsonl"), read("a/cells.jsonl"));
  std::string worse;
  for (nlohmann::json record : records("a/cells.jsonl")) {
    record["metrics"]["score"] = record["metrics"]["score"].get<double>() - 0.5;
    worse += record.dump() + "\n";
  }
  write("a/cells.jsonl", worse);
  write("base.yaml", "schema: 1\nrun: base\n");
  const Said second = fake({"baseline", "update", "a", "--baseline", "base.yaml"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("worse"));
  EXPECT_EQ(read("base/cells.jsonl"), worse);
  EXPECT_EQ(fake({"check", "a", "--baseline", "base.yaml"}).code, 0);
  EXPECT_EQ(fake({"baseline", "update", "base", "--baseline", "base.yaml"}).code, 2) << "it is this baseline already";
  EXPECT_EQ(fake({"baseline", "update", "a"}).code, 2);
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_EQ(fake({"baseline", "update", "a", "--baseline", "empty"}).code, 0);
  for (const char* file : {"new.yaml", "new.jsonl"})
    EXPECT_THAT(fake({"baseline", "update", "a", "--baseline", file}).err, HasSubstr("a new baseline is a folder"));

  auto bad = records("a/cells.jsonl");
  bad.back()["status"] = "failed";
  bad.back()["error"] = "broken on purpose";
  std::string text;
  for (const auto& record : bad) text += record.dump() + "\n";
  write("a/cells.jsonl", text);
  const Said refused = fake({"baseline", "update", "a", "--baseline", "base"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("1 of 4 cells did not end well"));
  EXPECT_EQ(read("base/cells.jsonl"), worse) << "the old baseline stays";
  write("a/cells.jsonl", "");
  EXPECT_THAT(fake({"baseline", "update", "a", "--baseline", "base"}).err, HasSubstr("this run has no cells yet"));
}

TEST_F(Verbs, ABaselineIsReplacedWholeOrNotAtAll) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  ASSERT_EQ(fake({"baseline", "update", "a", "--baseline", "base"}).code, 0);
  const std::string before = read("base/run.json") + read("base/cells.jsonl");
  auto run = nlohmann::json::parse(read("a/run.json"));
  run["started"] = "2030-01-01T00:00:00Z";
  write("a/run.json", run.dump());
  std::string cells;
  for (nlohmann::json record : records("a/cells.jsonl")) {
    record["protocol"] = std::string(1 << 20, 'p');
    cells += record.dump() + "\n";
  }
  write("a/cells.jsonl", cells);
  // No file may be larger than 1 MiB.
  const std::string limited =
      std::string("ulimit -f 2048; exec ") + FAKE_FRUGAL_PROGRAM + " baseline update a --baseline base";
  const Said cut = Program("/bin/sh", {"-c", limited}, folder_).wait();
  EXPECT_EQ(cut.code, 4) << cut.err;
  EXPECT_EQ(read("base/run.json") + read("base/cells.jsonl"), before);
  // What a kill between its last steps leaves.
  write("base/run.json", read("a/run.json"));
  std::filesystem::remove(folder_ / "base/cells.jsonl");
  const Said check = fake({"check", "a", "--baseline", "base"});
  EXPECT_EQ(check.code, 2);
  EXPECT_THAT(check.err, HasSubstr("a baseline is completed by frugal baseline update RUN --baseline FOLDER"));
  EXPECT_EQ(fake({"baseline", "update", "a", "--baseline", "base"}).code, 0);
  EXPECT_EQ(read("base/cells.jsonl"), cells);
  EXPECT_EQ(read("base/run.json"), read("a/run.json"));
}

TEST_F(Verbs, ABaselineLosesNothingUnlessToldTo) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "base"}).code, 0);
  const std::string before = read("base/cells.jsonl");
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "part", "--only", "seed=1"}).code, 0);
  const Said part = fake({"baseline", "update", "part", "--baseline", "base"});
  EXPECT_EQ(part.code, 2);
  EXPECT_THAT(part.err, HasSubstr("2 of the 4 cells of its plan have no record"));
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "fewer", "--set", "seeds=[1]"}).code, 0);
  const Said fewer = fake({"baseline", "update", "fewer", "--baseline", "base"});
  EXPECT_EQ(fewer.code, 2);
  EXPECT_THAT(fewer.err, HasSubstr("--subset"));
  EXPECT_EQ(read("base/cells.jsonl"), before);
  EXPECT_EQ(fake({"baseline", "update", "fewer", "--baseline", "base", "--subset"}).code, 0);
  EXPECT_EQ(read("base/cells.jsonl"), read("fewer/cells.jsonl"));
}

TEST_F(Verbs, AReportOfAnUnfinishedRunSaysSo) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "part", "--only", "seed=1"}).code, 0);
  write("t.yaml", "schema: 1\ntitle: Toys\nworkload: fake\nrows: [{key: params.fake.n}]\ncolumns: [{metric: score}]\n");
  const auto report = [&](const char* format) {
    std::string text = fake({"report", "part", "--table", "t.yaml", "--format", format}).out;
    std::ranges::replace(text, '\n', ' ');  // where a caption is wrapped depends on the length of the commit's name
    return text;
  };
  for (const char* format : {"txt", "md", "json", "tex"})
    EXPECT_THAT(report(format), HasSubstr("2 of the 4 cells of its plan have no record")) << format;
  EXPECT_THAT(report("html"), HasSubstr("2 of 4 done, 2 to do"));
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "part"}).code, 0);
  EXPECT_THAT(report("md"), Not(HasSubstr("no record")));
}

TEST_F(Verbs, ABaselineThatLacksCellsIsRefused) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "b"}).code, 0);
  const std::string whole = read("b/cells.jsonl");
  // A record is lost, and the last line is cut off.
  for (const std::string& left : {whole.substr(whole.find('\n') + 1), whole.substr(0, whole.size() - 20)}) {
    write("b/cells.jsonl", left);
    const Said said = fake({"check", "a", "--baseline", "b"});
    EXPECT_EQ(said.code, 2) << said.out;
    EXPECT_THAT(said.err, HasSubstr("this baseline is not whole: 1 of the 4 cells of its plan have no record"));
  }
}

TEST_F(Verbs, ACapsuleOfARunThatIsNotWholeSaysSo) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  EXPECT_EQ(fake({"capsule", "a", "--out", "whole"}).err, "");
  EXPECT_THAT(read("whole/ro-crate-metadata.json"), HasSubstr("CompletedActionStatus"));
  std::string failed;
  for (nlohmann::json record : records("a/cells.jsonl")) {
    if (failed.empty()) record["status"] = "failed";
    failed += record.dump() + "\n";
  }
  const std::string cells = read("a/cells.jsonl");
  for (const auto& [text, why] :
       {std::pair(cells.substr(cells.find('\n') + 1), "1 of the 4 cells of the plan have no record"),
        std::pair(failed, "1 of its 4 cells did not end well")}) {
    write("a/cells.jsonl", text);
    std::filesystem::remove_all(folder_ / "part");
    EXPECT_THAT(fake({"capsule", "a", "--out", "part"}).err, HasSubstr(why));
    EXPECT_THAT(read("part/ro-crate-metadata.json"), AllOf(HasSubstr("FailedActionStatus"), HasSubstr(why)));
  }
}

TEST_F(Verbs, ACapsuleForWhichThereIsNoRoomLeavesNothingInTheWay) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  std::string cells;
  for (nlohmann::json record : records("a/cells.jsonl")) {
    record["protocol"] = std::string(1 << 20, 'p');
    cells += record.dump() + "\n";
  }
  write("a/cells.jsonl", cells);
  const std::string limited = std::string("trap '' XFSZ; ulimit -f 2048; exec ") + FAKE_FRUGAL_PROGRAM;
  EXPECT_EQ(Program("/bin/sh", {"-c", limited + " capsule a --out capsule"}, folder_).wait().code, 4);
  EXPECT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 0);
}

TEST_F(Verbs, ACapsuleIsRunAgainAndEachClaimIsJudged) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a", "--set", "seeds=[5,6]"}).code, 0);
  ASSERT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 0);
  EXPECT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 2) << "it is there already";
  std::filesystem::remove("toy.yaml");
  std::filesystem::remove_all(folder_ / "a");
  const Said said = fake({"reproduce", "capsule", "--out", "again"});
  EXPECT_EQ(said.code, 0) << said.out << said.err;
  EXPECT_THAT(said.out, HasSubstr("4 of 4 claims hold (4 same)"));
  EXPECT_EQ(lines_of("again/cells.jsonl"), 4u) << "with the settings of the first run";

  std::string higher;
  for (nlohmann::json record : records("capsule/cells.jsonl")) {
    record["metrics"]["score"] = record["metrics"]["score"].get<double>() + 0.5;
    higher += record.dump() + "\n";
  }
  write("capsule/cells.jsonl", higher);
  const Said claim = fake({"reproduce", "capsule", "--out", "again", "--rerun", "all"});
  EXPECT_EQ(claim.code, 1);
  EXPECT_THAT(claim.out, AllOf(HasSubstr("worse"), HasSubstr("2 of 4 claims hold")));
  EXPECT_EQ(fake({"reproduce", "again"}).code, 2) << "no capsule";
}

TEST_F(Verbs, AGateThatTheClaimedRunKeptIsAClaim) {
  write("toy.yaml", std::string(toy_plan) + "gate: [{metric: score, max: 0}]\n");
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 1);
  ASSERT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 0);
  EXPECT_EQ(fake({"reproduce", "capsule", "--out", "again"}).code, 0) << "it was broken then, too";
  std::string lower;
  for (nlohmann::json record : records("capsule/cells.jsonl")) {
    record["metrics"]["score"] = record["metrics"]["score"].get<double>() - 0.5;
    lower += record.dump() + "\n";
  }
  write("capsule/cells.jsonl", lower);
  const Said said = fake({"reproduce", "capsule", "--out", "again", "--rerun", "all"});
  EXPECT_EQ(said.code, 1) << "each claim holds, as more is better, but not the gate";
  EXPECT_THAT(said.out, HasSubstr("a gate of the plan that the claimed run kept is broken"));
}

TEST_F(Verbs, WordsThatAreNotUtf8AreRefusedBeforeAnythingIsWritten) {
  write("toy.yaml", toy_plan);
  const Said said = fake({"run", "toy.yaml", "--out", "u\xff"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("the argument 'u\\xff' is not UTF-8"));
  EXPECT_EQ(fake({"run", "toy.yaml", "--out", "ü"}).code, 0);
  EXPECT_EQ(fake({"list", "plans"}, {"FRUGAL_DATA=/tmp/x\xff"}).code, 2);
}

TEST_F(Verbs, ABaselineKeepsToWhatItsTolerancesAreAbout) {
  write("toy.yaml", std::string(toy_plan));
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "wide", "--set", "params.fake.n=8"}).code, 0);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "narrow", "--set", "params.fake.n=4"}).code, 0);
  ASSERT_EQ(fake({"baseline", "update", "wide", "--baseline", "base"}).code, 0);
  write("base.yaml", "schema: 1\nrun: base\ntolerances: [{metric: score, absolute: 1, where: {params.fake.n: 8}}]\n");
  const Said said = fake({"baseline", "update", "narrow", "--baseline", "base.yaml", "--subset"});
  EXPECT_EQ(said.code, 2) << said.out;
  EXPECT_THAT(said.err, AllOf(HasSubstr("base.yaml:3:"), HasSubstr("the run that is to become the baseline")));
  EXPECT_EQ(fake({"check", "wide", "--baseline", "base.yaml"}).code, 0) << "the old one is as it was";
}

TEST_F(Verbs, EachReproductionRunsEverythingAndOneThatWasStoppedGoesOn) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  ASSERT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 0);
  const std::string first = "results/local/reproduced_toy";
  for (const std::string& folder : {first, first + "_2"}) {
    const Said said = fake({"reproduce", "capsule"});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_THAT(said.err, Not(HasSubstr("nothing to do")));
    EXPECT_THAT(said.out, HasSubstr("records: " + folder + "\n"));
    EXPECT_EQ(lines_of(folder + "/cells.jsonl"), lines_of("a/cells.jsonl"));
  }
  const Said finished = fake({"reproduce", "capsule", "--out", first});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, AllOf(HasSubstr(first + ": all cells of this capsule"), HasSubstr("--rerun all")));
  EXPECT_THAT(fake({"reproduce", "capsule", "--out", first, "--rerun", "all"}).out, HasSubstr("claims hold"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / first / "cells.jsonl.bak"));

  const std::string records = read(first + "/cells.jsonl");
  write(first + "/cells.jsonl", records.substr(0, records.find('\n') + 1));
  const Said stopped = fake({"reproduce", "capsule", "--out", first});
  EXPECT_EQ(stopped.code, 0) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("going on: 1 of "));
  EXPECT_EQ(lines_of(first + "/cells.jsonl"), lines_of("a/cells.jsonl"));
}

TEST_F(Verbs, TheAdviceOfAReproductionCanBeFollowed) {
  write("plan.yaml",
        "{schema: 1, name: p, workload: trouble, backend: cpu, dataset: toy, params: {trouble: {act: throw}}}\n");
  ASSERT_EQ(fake({"run", "plan.yaml", "--out", "a"}).code, 3);
  ASSERT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 0);
  const Said said = fake({"reproduce", "capsule"});
  EXPECT_THAT(masked(said.out),
              HasSubstr("next:    frugal reproduce capsule --out results/local/reproduced_plan --rerun failed\n"));
  fake({"reproduce", "capsule", "--out", "results/local/reproduced_plan", "--rerun", "failed"});
  EXPECT_EQ(lines_of("results/local/reproduced_plan/cells.jsonl"), 2u);
}

TEST_F(Verbs, ATrendWithoutAnyChangeIsNoMistake) {
  write("toy.yaml", toy_plan);
  for (const char* run : {"a", "b"})  // side by side: their times do not count
    ASSERT_EQ(fake({"run", "toy.yaml", "--out", run, "--jobs", "2", "--set", "limits.threads=1"}).code, 0);
  const Said said = fake({"trend", "a", "b"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("nothing changed in these runs"));
  EXPECT_EQ(said.err, "");
  const Said json = fake({"trend", "a", "b", "--format", "json"});
  EXPECT_EQ(json.code, 0);
  EXPECT_TRUE(nlohmann::json::accept(json.out)) << json.out;
}

TEST_F(Verbs, CompareAndReportPrintTables) {
  write("toy.yaml", toy_plan);
  write("table.yaml", R"(schema: 1
title: toy
workload: fake
rows: [{key: params.fake.n}]
columns: [{metric: score}, {count: n}]
)");
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "b"}).code, 0);
  EXPECT_EQ(fake({"compare", "a", "b"}).code, 0);
  for (const char* format : {"md", "json", "csv", "tex", "html"})
    EXPECT_NE(fake({"compare", "a", "b", "b", "--format", format}).out, "") << format;
  EXPECT_THAT(fake({"report", "a", "--format", "openmetrics"}).out, HasSubstr("# EOF"));
  EXPECT_EQ(fake({"report", "a", "--format", "bencher", "--table", "table.yaml"}).code, 2);
  const Said report = fake({"report", "a", "--table", "table.yaml"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("| "));
  EXPECT_EQ(fake({"report", "a", "--table", "table.yaml", "--format", "tex", "--out", "t.tex"}).out, "");
  EXPECT_THAT(read("t.tex"), HasSubstr("tabular"));
  EXPECT_EQ(fake({"report", "a", "--format", "docx"}).code, 2);
  EXPECT_EQ(fake({"report", "a", "--table", "table.yaml", "--out", "no/such/folder.md"}).code, 4);
  EXPECT_THAT(fake({"trend", "a", "b", "--metric", "score"}).out, HasSubstr("\n| cell"));
  EXPECT_THAT(fake({"trend", "a", "b", "--metric", "score"}, {"COLUMNS=80"}).out, HasSubstr("\ncell"));
}

TEST_F(Verbs, ARunWithoutCellsIsToldAsThat) {
  write("toy.yaml", toy_plan);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "a"}).code, 0);
  write("a/cells.jsonl", "");
  const Said report = fake({"report", "a"});
  EXPECT_EQ(report.code, 2);
  EXPECT_THAT(report.err, HasSubstr("no cell of these runs has a record yet"));
  EXPECT_EQ(fake({"capsule", "a", "--out", "capsule"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "capsule"));
}

TEST_F(Verbs, VerifyRefusesWhatIsNotThere) {
  EXPECT_EQ(fake({"verify", "--backend", "cpux"}).code, 2);
  EXPECT_THAT(fake({"verify", "--backend", "cpux"}).err, HasSubstr("did you mean 'cpu'"));
  const Said oracle = fake({"verify", "--backend", "reference"});
  EXPECT_EQ(oracle.code, 2) << "the oracle against itself proves nothing";
  EXPECT_THAT(oracle.err, HasSubstr("reference is the oracle; give another back end"));
}

}  // namespace
}  // namespace frugal::end_to_end
