// What must hold whatever a user types and whatever the machine does.
#include <gmock/gmock.h>

#include "impl/base/sanitizer.hpp"
#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* two_cells = R"(schema: 1
name: toy
workload: fake
backend: cpu
dataset: toy
seeds: [1, 2]
)";

const std::string score_table =
    "schema: 1\ntitle: t\nworkload: fake\nrows: [{key: backend}]\ncolumns: [{metric: score}]\n";

class Reliability : public ProgramTest {
 protected:
  Said shell(const std::string& line) const { return Program("/bin/sh", {"-c", line}, folder_).wait(); }
};

TEST_F(Reliability, NoShellSeesWhatAUserWrote) {
  const std::string name = "a; touch x $(touch y) `touch z`\n' \" & b";
  write(name + ".yaml", two_cells);
  write("table.yaml", score_table);
  const Said said = fake({"run", name + ".yaml", "--set", "params.fake.mode=b", "--data-dir", "$(touch w)"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "results/local" / name / "run.json"));
  // What the program prints to be pasted means the same to a shell.
  const std::string table = said.out.substr(said.out.find("next:") + 5);
  EXPECT_EQ(shell(table.substr(0, table.size() - 1) + " --table table.yaml").code, 0) << table;
  fake({"report", "results/local/" + name, "--table", "table.yaml", "--out", "$(touch v); touch u"});
  EXPECT_TRUE(std::filesystem::exists(folder_ / "$(touch v); touch u"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
    EXPECT_THAT(entry.path().filename().string(), Not(SizeIs(1))) << entry.path();
}

TEST_F(Reliability, OutputThatCannotBeWrittenIsNoSuccessAndNoBug) {
  write("toy.yaml", two_cells);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "run"}).code, 0);
  write("table.yaml", score_table);
  write("long.yaml", score_table + "notes: [" + std::string(100'000, 'x') + "]\n");  // more than any buffer holds
  const std::string program = FAKE_FRUGAL_PROGRAM;
  for (const std::string verb : {"report run --table table.yaml", "report run --table long.yaml", "list", "--help"}) {
    const Said said = shell(program + " " + verb + " > /dev/full");
    EXPECT_EQ(said.code, 4) << verb;
    EXPECT_EQ(said.err, "frugal: cannot write to standard output: No space left on device\n") << verb;
  }
  const Said to_file = fake({"report", "run", "--table", "table.yaml", "--out", "/dev/full"});
  EXPECT_EQ(to_file.code, 4);
  EXPECT_EQ(to_file.err, "frugal: /dev/full: cannot write this file: No space left on device\n");
}

TEST_F(Reliability, APlaceThatCannotBeWrittenIsFourAndSaysWhyInEveryVerb) {
  write("toy.yaml", two_cells);
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "run"}).code, 0);
  write("table.yaml", score_table);
  const std::string why = ": Not a directory\n";  // root may write anywhere but below a file
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"run", "toy.yaml", "--out", "toy.yaml/a"},
           {"report", "run", "--table", "table.yaml", "--out", "toy.yaml/a"},
           {"compare", "run", "run", "--format", "md=toy.yaml/a"},
           {"merge", "toy.yaml/a", "run"},
           {"submit", "toy.yaml", "--engine", "local:1", "--set", "limits.threads=1", "--out", "toy.yaml/a"},
           {"baseline", "update", "run", "--baseline", "toy.yaml/a"},
           {"capsule", "run", "--out", "toy.yaml/a"},
           {"data", "make", "synthetic-photo", "--out", "toy.yaml/a.png"}}) {
    const Said said = fake(command);
    EXPECT_EQ(said.code, 4) << command[0] << said.err;
    EXPECT_THAT(said.err, AllOf(HasSubstr("frugal: toy.yaml/a"), HasSubstr(": cannot "), HasSubstr(why))) << command[0];
  }
}

TEST_F(Reliability, TooManyOpenFilesIsFour) {
  if (has_sanitizer) GTEST_SKIP() << "the sanitizers open files of their own";
  write("toy.yaml", two_cells);
  const std::string run = std::string(FAKE_FRUGAL_PROGRAM) + " run toy.yaml --out run";
  std::size_t at_run_json = 0;
  for (int files = 4; files <= 12; ++files) {
    const Said said = shell("ulimit -n " + std::to_string(files) + "; " + run);
    if (said.err.find("Too many open files") == std::string::npos) continue;
    EXPECT_EQ(said.code, 4) << files << said.err;
    at_run_json += said.err.find("run.json: cannot write this file: Too many open files") != std::string::npos;
  }
  EXPECT_GT(at_run_json, 0u);
}

TEST_F(Reliability, AnArtifactThatCannotBeWrittenEndsTheRunAndTheSameCommandGoesOn) {
  write("plan.yaml", R"(schema: 1
name: plan
workload: trouble
backend: cpu
dataset: toy
params: {trouble: {act: artifact, broken_seed: 2}}
seeds: [1, 2, 3]
)");
  write("run/artifacts", "no folder");
  const Said refused = fake({"run", "plan.yaml", "--out", "run"});
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("frugal: run/artifacts/"), HasSubstr("cannot make this folder: Not a dir"),
                                 HasSubstr("The cells that were done before are kept")));
  EXPECT_EQ(lines_of("run/cells.jsonl"), 1u);
  std::filesystem::remove(folder_ / "run/artifacts");
  const Said again = fake({"run", "plan.yaml", "--out", "run"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(lines_of("run/cells.jsonl"), 3u);
}

TEST_F(Reliability, AnArtifactWithoutRoomEndsTheRunAndTheSameCommandGoesOn) {
  write("picture.yaml",
        "{schema: 1, name: picture, workload: inr, backend: reference, dataset: synthetic-photo, "
        "params: {inr: {size: 256, grid: 16, width: 4, hidden_layers: 1, steps: 1}}}");
  const std::string run = std::string(FRUGAL_PROGRAM) + " run picture.yaml --out run";
  const Said refused = shell("trap '' XFSZ; ulimit -f 80; " + run);  // blocks of 512 bytes: records have room
  EXPECT_EQ(refused.code, 4) << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("original.png: cannot write this file: File too large"),
                                 HasSubstr("give the same command again")));
  EXPECT_EQ(lines_of("run/cells.jsonl"), 0u);
  const Said again = shell(run);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, Not(HasSubstr("failed")));
}

TEST_F(Reliability, AnAbsurdNumberOfThreadsIsRefused) {
  write("toy.yaml", two_cells);
  const Said said = fake({"run", "toy.yaml", "--set", "limits.threads=100000"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, AllOf(HasSubstr("--set limits.threads=100000"), HasSubstr("from 0 (all cores) to 1024")));
  const Said from_environment = fake({"run", "toy.yaml"}, {"OMP_NUM_THREADS=100000"});
  EXPECT_EQ(from_environment.code, 2);
  EXPECT_THAT(from_environment.err, HasSubstr("OMP_NUM_THREADS=100000: at most 1024 threads"));
}

TEST_F(Reliability, WhatAKilledWriterLeftIsTakenAway) {
  write("toy.yaml", two_cells);
  write("run/run.json.4711-0.tmp", "{\"schema\":");
  ASSERT_EQ(fake({"run", "toy.yaml", "--out", "run"}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/run.json.4711-0.tmp"));
}

}  // namespace
}  // namespace frugal::end_to_end
