// A plan as tasks of this machine, and as those of a Slurm that is a few lines of shell (ci/slurm.sh has a real one).
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

using nlohmann::json;

constexpr const char* plan_to_submit = R"(schema: 1
name: toy
workload: fake
backend: cpu
dataset: toy
matrix: {params.fake.n: [1, 2, 3]}
seeds: [1, 2]
limits: {threads: 1}
)";

constexpr const char* slow_plan_to_submit = R"(schema: 1
name: slow
workload: trouble
backend: cpu
dataset: toy
params: {trouble: {act: sleep, seconds: 0.1}}
seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
limits: {threads: 1}
)";

class Submit : public ProgramTest {
 protected:
  Submit() {
    write("toy.yaml", plan_to_submit);
    write("slow.yaml", slow_plan_to_submit);
  }

  Said submit(std::vector<std::string> args, const std::vector<std::string>& variables = {}) {
    args.insert(args.begin(), "submit");
    return fake(args, variables);
  }
  /// With a Slurm on the PATH.
  std::vector<std::string> slurm() const {
    return {std::string("PATH=") + FRUGAL_SOURCE_DIR + "/tests/end_to_end/program/slurm:/usr/bin:/bin"};
  }
  /// A submission that is followed, with output files of its own in the folder `name`; it has begun to record.
  std::unique_ptr<Program> start_slow(const std::string& name, const std::vector<std::string>& more = {}) {
    std::filesystem::create_directories(folder_ / name);
    write(name + "/slow.yaml", slow_plan_to_submit);
    std::vector<std::string> args = {"submit", "slow.yaml", "--engine", "local:2", "--out", "out"};
    args.insert(args.end(), more.begin(), more.end());
    auto program = std::make_unique<Program>(FAKE_FRUGAL_PROGRAM, args, folder_ / name);
    EXPECT_TRUE(eventually([&] {
      return lines_of(name + "/out/shards/1/cells.jsonl") > 0 && lines_of(name + "/out/shards/2/cells.jsonl") > 0;
    }));
    return program;
  }
  Said in(const std::string& name, const std::vector<std::string>& args) {
    std::filesystem::create_directories(folder_ / name / "talk");
    return Program("/bin/sh", {"-c", "cd .. && exec \"$0\" \"$@\"", FAKE_FRUGAL_PROGRAM, args[0], args[1], args[2]},
                   folder_ / name / "talk")
        .wait();
  }
  std::multiset<std::string> ids_that_ran(const std::string& run, int shards) {
    std::multiset<std::string> ids;
    for (int i = 1; i <= shards; ++i)
      for (const json& record : records(run + "/shards/" + std::to_string(i) + "/cells.jsonl"))
        if (record["status"] == "ok") ids.insert(record["id"].get<std::string>());
    return ids;
  }
  void expect_all_once(const std::string& run, int shards, std::size_t cells) {
    const std::multiset<std::string> ids = ids_that_ran(run, shards);
    EXPECT_EQ(ids.size(), cells);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), cells);
    EXPECT_EQ(records(run + "/cells.jsonl").size(), cells);
  }
  /// To the bit, times aside.
  void expect_same_run(const std::string& one, const std::string& other) {
    EXPECT_EQ(masked(read(one + "/cells.jsonl")), masked(read(other + "/cells.jsonl")));
    json runs[] = {json::parse(read(one + "/run.json")), json::parse(read(other + "/run.json"))};
    for (json& run : runs) {
      for (const char* key : {"command", "started"}) run.erase(key);
      run["plan"].erase("cells");
      run["machine"].erase("load");
    }
    EXPECT_EQ(runs[0], runs[1]);
  }
};

TEST_F(Submit, ProcessesOfThisMachineMakeTheRunOfOneToTheBit) {
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "whole"}).code, 0);
  const Said said = submit({"toy.yaml", "--engine", "local:3", "--out", "out"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(masked(said.out), "records: out (6 ok; 3 shards, 1 machine)\ntable:   frugal report out\n");
  EXPECT_THAT(said.err, HasSubstr("3 tasks of 6 cells: processes of this machine; Ctrl-C leaves them running\n"));
  expect_same_run("out", "whole");
  expect_all_once("out", 3, 6);
  const Said again = submit({"toy.yaml", "--engine", "local:3", "--out", "out"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to do: all 6 cells have run"));
  EXPECT_THAT(submit({"--status", "out"}).out,
              AllOf(HasSubstr("cells: 6 ok; processes of "), HasSubstr("all have ended")));
}

TEST_F(Submit, MoreProcessesThanCellsAreAsManyAsCells) {
  ASSERT_EQ(submit({"toy.yaml", "--engine", "local:8", "--out", "out"}).code, 0);
  expect_all_once("out", 6, 6);
}

TEST_F(Submit, ADryRunPrintsTheCommandsOfTheProcessesAndStartsNothing) {
  const Said said = submit({"toy.yaml", "--engine", "local:2", "--out", "out", "--set", "seeds=[1]", "--dry-run"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(masked(said.out),
            "frugal run toy.yaml --set 'seeds=[1]' --mix --shard 1/2 --out out/shards/1\n"
            "frugal run toy.yaml --set 'seeds=[1]' --mix --shard 2/2 --out out/shards/2\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(Submit, ADryRunPrintsAScriptForSlurmThatRunsByHand) {
  const Said said = submit({"toy.yaml", "--engine", "slurm:2", "--out", "an out", "--max-parallel", "1", "--partition",
                            "debug", "--time", "00:10:00", "--sbatch", "--mem=1G --nice", "--dry-run"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "an out"));
  for (const char* line : {"--array=1-2%1", "--cpus-per-task=1", "--partition=debug", "--time=00:10:00", "--requeue",
                           "--mem=1G --nice", "--output='an out/logs/%a.txt'", "--job-name=toy"})
    EXPECT_THAT(said.out, HasSubstr(std::string("\n#SBATCH ") + line + "\n"));
  write("toy.sbatch", said.out);
  for (const char* task : {"1", "2"})
    ASSERT_EQ(Program("/bin/bash", {"toy.sbatch"}, folder_, {std::string("SLURM_ARRAY_TASK_ID=") + task}).wait().code,
              0);
  EXPECT_EQ(fake({"merge", "--mix", "all", "an out/shards/1", "an out/shards/2"}).code, 0);
  EXPECT_EQ(records("all/cells.jsonl").size(), 6u);
}

TEST_F(Submit, StoppedWhileItSubmitsItKnowsWhatItHasStarted) {
  std::vector<std::string> variables = slurm();
  variables.emplace_back("FAKE_SLURM_CTRL_C=1");
  const Said said = submit({"slow.yaml", "--engine", "slurm:2", "--out", "out"}, variables);
  EXPECT_EQ(said.code, 130);
  EXPECT_THAT(said.err, HasSubstr("no longer followed; the tasks go on"));
  const Said followed = submit({"--follow", "out"}, slurm());
  EXPECT_EQ(followed.code, 0) << followed.err;
  EXPECT_EQ(records("out/cells.jsonl").size(), 12u);
}

TEST_F(Submit, WithoutSlurmSaysWhatIsMissingAndExitsFour) {
  std::filesystem::create_directories(folder_ / "empty");
  const Said said = submit({"toy.yaml", "--engine", "slurm", "--out", "out"}, {"PATH=" + (folder_ / "empty").string()});
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.err, AllOf(HasSubstr("no sbatch on the PATH"), HasSubstr("slurm-client"), HasSubstr("local:N")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(Submit, ATaskThatIsKilledIsStartedAgainAndNothingIsLostOrTwice) {
  auto program = start_slow("here");
  const json job = json::parse(read("here/out/submit.json"));
  ::kill(job["processes"]["1"].get<pid_t>(), SIGKILL);
  const Said said = program->wait();
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("shard 1/2 was killed by signal 9 (Killed): started again\n"));
  expect_all_once("here/out", 2, 12);
}

TEST_F(Submit, CtrlCLeavesTheTasksRunningAndTellsHowToFollow) {
  auto program = start_slow("here", {"--set", "params.trouble.seconds=0.3"});
  program->send(SIGINT);
  const Said said = program->wait();
  EXPECT_EQ(said.code, 130);
  EXPECT_THAT(said.err, AllOf(HasSubstr("the tasks go on\nto follow: "), HasSubstr(" submit --follow out\n"),
                              HasSubstr(" submit --cancel out\n")));
  EXPECT_THAT(in("here", {"submit", "--status", "out"}).out, AllOf(HasSubstr("2 running"), HasSubstr(" to do; ")));
  const Said second =
      Program(FAKE_FRUGAL_PROGRAM,
              {"submit", "slow.yaml", "--engine", "local:2", "--out", "out", "--set", "params.trouble.seconds=0.3"},
              folder_ / "here")
          .wait();
  EXPECT_EQ(second.code, 2) << "two submissions into one folder";
  EXPECT_THAT(second.err, AllOf(HasSubstr("2 of its tasks have not ended"), HasSubstr("submit --follow out")));
  const Said followed = in("here", {"submit", "--follow", "out"});
  EXPECT_EQ(followed.code, 0) << followed.err;
  expect_all_once("here/out", 2, 12);
}

TEST_F(Submit, ASecondSubmissionWhileOneIsFollowedIsRefused) {
  auto program = start_slow("here");
  write("here/talk/slow.yaml", slow_plan_to_submit);
  const Said second =
      Program("/bin/sh",
              {"-c", "cd .. && exec \"$0\" submit slow.yaml --engine local:2 --out out", FAKE_FRUGAL_PROGRAM},
              folder_ / "here/talk")
          .wait();
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr("out/shards: another frugal is writing"));
  EXPECT_EQ(program->wait().code, 0);
}

TEST_F(Submit, WhatIsCancelledGoesOnWithTheSameCommand) {
  auto program = start_slow("here");
  const Said cancel = in("here", {"submit", "--cancel", "out"});
  EXPECT_EQ(cancel.code, 0);
  EXPECT_THAT(cancel.err, HasSubstr("cancelled; what is done is kept"));
  const Said said = program->wait();
  EXPECT_EQ(said.code, 3);
  // In one line, unless one has done more than the other.
  EXPECT_THAT(said.err, AnyOf(HasSubstr("shards 1/2, 2/2 with cells to do ended on "),
                              HasSubstr("shard 2/2 with cells to do ended on ")));
  EXPECT_THAT(said.err,
              AllOf(HasSubstr(": exit code 130\n"), HasSubstr("cells are still to do: "), HasSubstr("to go on: ")));
  EXPECT_THAT(said.out, HasSubstr(" to do; 2 shards, 1 machine)"));
  EXPECT_EQ(
      Program(FAKE_FRUGAL_PROGRAM, {"submit", "slow.yaml", "--engine", "local:2", "--out", "out"}, folder_ / "here")
          .wait()
          .code,
      0);
  expect_all_once("here/out", 2, 12);
}

TEST_F(Submit, RefusesAFolderOfSomethingElse) {
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "run"}).code, 0);
  EXPECT_THAT(submit({"toy.yaml", "--engine", "local:2", "--out", "run"}).err, HasSubstr("a run is here that was not"));
  ASSERT_EQ(submit({"toy.yaml", "--engine", "local:2", "--out", "out"}).code, 0);
  EXPECT_THAT(submit({"toy.yaml", "--engine", "local:3", "--out", "out"}).err,
              HasSubstr("submitted here in 2 shards of 6 cells, and this would be 3 of 6"));
  EXPECT_THAT(submit({"toy.yaml", "--engine", "local:2", "--out", "out", "--set", "params.fake.rate=0.25"}).err,
              HasSubstr("here was submitted toy.yaml, and this would be toy.yaml --set params.fake.rate=0.25: "));
  for (const char* option : {"--status", "--follow", "--cancel"}) {
    EXPECT_THAT(submit({option, "nowhere"}).err, HasSubstr("nothing was submitted here"));
    EXPECT_EQ(submit({"toy.yaml", option, "out"}).code, 2);
  }
}

TEST_F(Submit, RefusesWhatItCannotMean) {
  ::unsetenv("OMP_NUM_THREADS");  // of whoever runs the tests: then the plan need not say
  const auto refusal = [&](std::vector<std::string> more) {
    more.insert(more.begin(), "toy.yaml");
    const Said said = submit(more);
    EXPECT_EQ(said.code, 2) << said.err;
    return said.err;
  };
  EXPECT_THAT(refusal({}), HasSubstr("submit needs --engine"));
  EXPECT_EQ(submit({}).code, 2);
  EXPECT_THAT(refusal({"--engine", "slrm"}), HasSubstr("did you mean 'slurm'"));
  EXPECT_THAT(refusal({"--engine", "local"}), HasSubstr("how many processes"));
  for (const char* wrong : {"local:0", "local:", "slurm:x"})
    EXPECT_THAT(refusal({"--engine", wrong}), HasSubstr("at least 1"));
  EXPECT_THAT(refusal({"--engine", "local:2", "--partition", "debug"}), HasSubstr("--partition is for Slurm"));
  EXPECT_THAT(refusal({"--engine", "slurm", "--dry-run", "--sbatch", "--mem=1G\nrm -r x"}), HasSubstr("a line break"));
  EXPECT_THAT(refusal({"--engine", "slurm", "--dry-run", "--out", "runs\ntouch planted\n#"}),
              HasSubstr("the folder of --out 'runs\\x0atouch planted\\x0a#': a line break"))
      << "it would be a command of the script";
  EXPECT_THAT(refusal({"--engine", "slurm", "--dry-run", "--max-parallel", "none"}), HasSubstr("at least 1"));
  EXPECT_THAT(refusal({"--engine", "local:2", "--set", "limits.threads=0"}), HasSubstr("--set limits.threads=1"));
}

TEST_F(Submit, CellsThatFailedRunAgainOnlyWhenAsked) {
  const std::vector<std::string> args = {
      "slow.yaml", "--engine", "local:2", "--out", "out", "--set", "params.trouble={act: throw, broken_seed: 3}"};
  const Said said = submit(args);
  EXPECT_EQ(said.code, 3);
  EXPECT_THAT(said.err, AllOf(HasSubstr("1 cell failed: "), HasSubstr(" --rerun failed\n"),
                              HasSubstr("why they failed: out/logs\n")));
  EXPECT_THAT(submit(args).err, HasSubstr("nothing to do: all 12 cells have run (--rerun failed"));
  std::vector<std::string> rerun = args;
  rerun.insert(rerun.end(), {"--rerun", "failed"});
  EXPECT_THAT(submit(rerun).err, HasSubstr("1 task of 12 cells"));
}

TEST_F(Submit, AGateThatIsBrokenEndsWithOne) {
  write("toy.yaml", std::string(plan_to_submit) + "gate: [{metric: score, min: 0.99}]\n");
  const Said said = submit({"toy.yaml", "--engine", "local:2", "--out", "out"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("gate broken: "));
}

TEST_F(Submit, RecordsOfSeveralMachinesNameTheirs) {
  ASSERT_EQ(submit({"toy.yaml", "--engine", "local:2", "--out", "out"}).code, 0);
  json node = json::parse(read("out/shards/2/run.json"));
  node["machine"]["hostname_hash"] = "0123456789ab";
  write("out/shards/2/run.json", node.dump());
  for (const char* file : {"out/run.json", "out/cells.jsonl"}) std::filesystem::remove(folder_ / file);
  const Said said = submit({"--follow", "out"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("2 shards, 2 machines"));
  std::size_t named = 0;
  for (const json& record : records("out/cells.jsonl")) named += record.contains("machine") ? 1 : 0;
  EXPECT_EQ(named, 3u);
}

TEST_F(Submit, OfAFolderThatLagsOnlyWholeLinesCount) {
  ASSERT_EQ(submit({"toy.yaml", "--engine", "local:2", "--out", "out"}).code, 0);
  const std::string whole = read("out/shards/1/cells.jsonl");
  const std::size_t second = whole.find('\n') + 1;
  for (const std::string& lags :
       {whole.substr(0, second + 40), whole.substr(0, second) + std::string(40, '\0') + "\n"}) {
    write("out/shards/1/cells.jsonl", lags);
    EXPECT_THAT(submit({"--status", "out"}).out, HasSubstr("cells: 4 ok, 2 to do; "));
  }
}

TEST_F(Submit, TasksOfSlurmMakeTheSameRun) {
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "whole"}).code, 0);
  const Said said = submit({"toy.yaml", "--engine", "slurm:4", "--out", "out"}, slurm());
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.err, HasSubstr("4 tasks of 6 cells: Slurm job 7; Ctrl-C leaves them running\n"));
  expect_same_run("out", "whole");
  expect_all_once("out", 4, 6);
  EXPECT_EQ(submit({"toy.yaml", "--engine", "slurm", "--out", "out"}, slurm()).code, 0) << "as many tasks as before";
}

TEST_F(Submit, WhileSlurmDoesNotAnswerNothingIsSubmittedTwice) {
  ASSERT_EQ(submit({"toy.yaml", "--engine", "slurm:2", "--out", "out"}, slurm()).code, 0);
  std::vector<std::string> down = slurm();
  down.emplace_back("FAKE_SLURM_DOWN=1");
  EXPECT_THAT(submit({"--status", "out"}, down).out, HasSubstr("cells: 6 ok; Slurm job 7: nobody answers\n"));
  const Said again = submit({"toy.yaml", "--engine", "slurm:2", "--out", "out"}, down);
  EXPECT_EQ(again.code, 4);
  EXPECT_THAT(again.err, HasSubstr("Slurm does not answer"));
}

TEST_F(Submit, APartitionThatIsNotThereIsRefusedWithThoseThatAre) {
  const Said said = submit({"toy.yaml", "--engine", "slurm", "--out", "out", "--partition", "nowhere"}, slurm());
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err,
              AllOf(HasSubstr("invalid partition specified: nowhere"), HasSubstr("partitions here: debug, long")));
  EXPECT_EQ(submit({"toy.yaml", "--engine", "slurm", "--out", "out", "--partition", "long"}, slurm()).code, 0);
}

TEST_F(Submit, ANodeWithoutTheDataSetIsNamed) {
  const std::filesystem::path examples = std::filesystem::path(FRUGAL_SOURCE_DIR) / "examples";
  ASSERT_EQ(frugal({"data", "add", "films", (examples / "ratings.csv").string(), "--to", "data"}).code, 0);
  write("mine.yaml",
        "schema: 1\nname: mine\nworkload: cadc\nbackend: cpu\ndataset: films\n"
        "params: {cadc: {keep_fraction: 0.5, tower: {epochs: 1}}}\nseeds: [1, 2, 3, 4]\nlimits: {threads: 1}\n");
  std::vector<std::string> variables = slurm();
  variables.insert(variables.end(), {"FRUGAL_DATA=data", "FAKE_SLURM_N2_DATA=elsewhere", "XDG_CACHE_HOME=cache"});
  const Said said = frugal({"submit", "mine.yaml", "--engine", "slurm:4", "--out", "out"}, variables);
  EXPECT_EQ(said.code, 3) << said.err;
  EXPECT_THAT(
      said.err,
      AllOf(HasSubstr("shards 2/4, 4/4 with cells to do ended on n2: FAILED (exit code 4)\n  frugal: mine.yaml:"),
            HasSubstr("mine"), HasSubstr("log: out/logs/2.txt\n"), Not(HasSubstr("on n1"))));
  EXPECT_THAT(said.out, HasSubstr("(2 ok, 2 to do; 2 shards, 1 machine)"));
}

}  // namespace
}  // namespace frugal::end_to_end
