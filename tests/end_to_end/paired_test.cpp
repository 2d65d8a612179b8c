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
    for (const char* name : {"old", "new"}) {
      // Notes that it was called; the fifth call of all fails.
      write(name, std::string("#!/bin/sh\necho ") + name + " \"$@\" >> calls\n" +
                      "if [ $(wc -l < calls) -gt 4 ]; then echo enough >&2; exit 3; fi\nexec " + FAKE_FRUGAL_PROGRAM +
                      " \"$@\"\n");
      std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
    }
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
    EXPECT_THAT(all[k], AllOf(HasSubstr(" --rerun all"), HasSubstr(" --shard 1/1"), HasSubstr("limits.timeout_s=60")));
    EXPECT_EQ(all[k].ends_with(" --set params.trouble.n=2"), turns[k] == std::string("new")) << all[k];
  }
  EXPECT_EQ(n_of("pairs/old/1"), 1);
  EXPECT_EQ(n_of("pairs/new/1"), 2);
  EXPECT_EQ(check({"./old", "./new"}).code, 2);
  EXPECT_THAT(calls().back(), HasSubstr("--out pairs.1/old/1")) << "each check has records of its own";
}

TEST_F(Paired, WhatCannotBePairedIsRefused) {
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
