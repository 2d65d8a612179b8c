// `frugal check --paired`: how two programs are run in turns. What is made of their times is in
// tests/harness/judge_paired_test.cpp, without a clock.
#include <gmock/gmock.h>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Paired : public ProgramTest {
 protected:
  void SetUp() override {
    write("toy.yaml",
          "schema: 1\nname: toy\nworkload: trouble\nbackend: cpu\ndataset: toy\nlimits: {threads: 1}\nseeds: [1]\n"
          "params: {trouble: {act: sleep, seconds: 0.005}}\n");
    for (const char* name : {"old", "new"}) write_program(name, FAKE_FRUGAL_PROGRAM);
  }
  /// Notes that it was called; the fifth call of all fails.
  void write_program(const std::string& name, const std::string& program) const {
    write(name, "#!/bin/sh\necho " + name + " \"$@\" >> calls\n" +
                    "if [ $(wc -l < calls) -gt 4 ]; then echo enough >&2; exit 3; fi\nexec " + program + " \"$@\"\n");
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
  }
  Said check(std::vector<std::string> more) {
    std::vector<std::string> args = {"check", "--paired", "--plan", "toy.yaml", "--out", "pairs"};
    args.insert(args.end(), more.begin(), more.end());
    return fake(args);
  }
  std::vector<std::string> calls() const {
    std::vector<std::string> lines(1);
    for (const char c : read("calls"))
      if (c == '\n')
        lines.emplace_back();
      else
        lines.back() += c;
    lines.pop_back();
    return lines;
  }
  nlohmann::json n_of(const std::string& folder) const {
    return records(folder + "/cells.jsonl").back().at("params").at("trouble").at("n");
  }
};

TEST_F(Paired, ProgramsTakeTurnsWithTheirOwnSettingsAndTheirRecordsStay) {
  const Said said = check({"./old", "./new", "--set", "limits.timeout_s=60", "--set-new", "params.trouble.n=2"});
  EXPECT_EQ(said.code, 2) << said.out << said.err;
  EXPECT_THAT(said.err, AllOf(HasSubstr("./new ended with exit code 3"), HasSubstr("enough")));
  const std::vector<std::string> all = calls();
  ASSERT_EQ(all.size(), 5u);
  const char* const turns[] = {"old", "new", "new", "old", "new"};
  for (std::size_t k = 0; k < all.size(); ++k) {
    EXPECT_TRUE(all[k].starts_with(std::string(turns[k]) + " run toy.yaml --out pairs/" + turns[k] + "/1 ")) << all[k];
    EXPECT_THAT(all[k],
                AllOf(HasSubstr(" --rerun all"), HasSubstr(" --only seed=1 "), HasSubstr("limits.timeout_s=60")));
    EXPECT_EQ(all[k].ends_with(" --set params.trouble.n=2"), turns[k] == std::string("new")) << all[k];
  }
  EXPECT_EQ(n_of("pairs/old/1"), 1);
  EXPECT_EQ(n_of("pairs/new/1"), 2);
  EXPECT_EQ(check({"./old", "./new"}).code, 2);
  EXPECT_THAT(calls().back(), HasSubstr("--out pairs.1/old/1")) << "each check has records of its own";
}

TEST_F(Paired, EachCellIsTimedUnderItsOwnNameThoughItIsNotTheDearest) {
  for (const char* name : {"old", "new"}) write_program(name, FRUGAL_PROGRAM);
  // A shard has the dearest cell first: the other way round.
  write("toy.yaml",
        "{schema: 1, name: toy, workload: inr, backend: cpu, dataset: synthetic-photo, limits: {threads: 1}, "
        "params: {inr: {size: 16, grid: 1, hidden_layers: 1, steps: 3}}, matrix: {params.inr.width: [8, 16]}}\n");
  const Said said = frugal({"check", "--paired", "./old", "./new", "--plan", "toy.yaml", "--out", "pairs"});
  EXPECT_THAT(said.err, HasSubstr("enough"));
  for (const std::string side : {"old", "new"})
    for (const int cell : {1, 2}) {
      const auto all = records("pairs/" + side + "/" + std::to_string(cell) + "/cells.jsonl");
      ASSERT_EQ(all.size(), 1u) << said.err;
      EXPECT_EQ(all[0].at("params").at("inr").at("width"), 8 * cell) << side;
    }
}

TEST_F(Paired, TheSameCellsInAnotherOrderAreTheSamePairs) {
  write("toy.yaml", read("toy.yaml") + "matrix: {params.trouble.n: [1, 2]}\n");
  check({"./old", "./new", "--set-old", "params.trouble.n=[1,2]", "--set-new", "params.trouble.n=[2,1]"});
  EXPECT_EQ(n_of("pairs/old/1"), n_of("pairs/new/1"));
  EXPECT_EQ(n_of("pairs/old/2"), n_of("pairs/new/2"));
}

TEST_F(Paired, ValuesThatBothSidesAreGivenArePairedInTheirOrder) {
  write("toy.yaml", read("toy.yaml") + "matrix: {params.trouble.n: [1, 2]}\n");
  check({"./old", "./new", "--set-old", "params.trouble.n=[1,2]", "--set-new", "params.trouble.n=[2,4]"});
  for (const int cell : {1, 2}) {
    EXPECT_EQ(n_of("pairs/old/" + std::to_string(cell)), cell);
    EXPECT_EQ(n_of("pairs/new/" + std::to_string(cell)), 2 * cell);
  }
}

TEST_F(Paired, ARecordOfAnotherCellIsRefused) {
  // The folder is the fourth argument.
  write("astray",
        std::string("#!/bin/sh\nexec ") + FAKE_FRUGAL_PROGRAM + " run toy.yaml --out \"$4\" --set seeds=[2]\n");
  std::filesystem::permissions(folder_ / "astray", std::filesystem::perms::owner_all);
  const Said said = check({"./astray", "./new"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("./astray was to run the one cell seed=1, and left another one in pairs/old/1"));
}

TEST_F(Paired, WhatCannotBePairedIsRefused) {
  EXPECT_THAT(check({"./old", "./new", "--set-old", "params.trouble.m=1"}).err,
              HasSubstr("--set-old params.trouble.m=1: unknown path"));
  EXPECT_THAT(check({"./old", "./new", "--set-new", "seeds=[1,2]"}).err,
              HasSubstr("the two settings make 1 cells of the old and 2 of the new: nothing to pair"));
  EXPECT_THAT(check({"./none", "./new"}).err, HasSubstr("./none: no such program"));
  EXPECT_EQ(check({"./old"}).code, 2);
  EXPECT_EQ(check({"./old", "./new", "--slowdown", "3"}).code, 2) << "a share is below 1";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "calls")) << "nothing ran";
}

TEST_F(Paired, AProgramThatLeavesNoTimeIsNamed) {
  write("idle", "#!/bin/sh\nexit 0\n");
  std::filesystem::permissions(folder_ / "idle", std::filesystem::perms::owner_all);
  const Said said = check({"./idle", "./new"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, AllOf(HasSubstr("pairs/old/1"), Not(HasSubstr("terminate"))));
}

}  // namespace
}  // namespace frugal::end_to_end
