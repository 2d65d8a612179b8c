// Recommenders compared user by user, from exports that the test writes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/report/user_table.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "tests/harness/sample_runs.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_cell;
using samples::sample_run;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UserTable : public ::testing::Test {
 protected:
  /// 40 users, whose NDCG value(user) says.
  void add(double keep, std::uint64_t seed, const std::function<double(int)>& value, int users = 40) {
    run_.cells.push_back(sample_cell(keep, seed, 0.5));
    if (!value) return;
    std::string text = "user\thr@10[full]\tndcg@10[full]\n";
    for (int user = 0; user < users; ++user) text += fmt::format("u{}\t1\t{}\n", user, value(user));
    const auto folder = artifacts_of(run_.folder, run_.cells.back().id) / "export";
    std::filesystem::create_directories(folder);
    write_whole_file(folder / "users.tsv", text);
  }
  Table table(const std::string& against = "params.cadc.keep_fraction=1.0",
              const std::string& metric = "ndcg@10[full]") {
    return user_table({&run_, 1}, metric, against);
  }
  static std::vector<std::string> texts(const TableRow& row) {
    std::vector<std::string> texts;
    for (const TableEntry& entry : row.entries) texts.push_back(entry.text);
    return texts;
  }
  std::string refusal(const std::string& against, const std::string& metric = "ndcg@10[full]") {
    try {
      table(against, metric);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }

  UserTable() { run_.folder = scratch_.path(); }

  ScratchFolder scratch_;
  RunRecord run_ = sample_run();
};

double half(int) { return 0.5; }

TEST_F(UserTable, HasADifferenceWithItsIntervalForEveryCellButTheOneThatIsComparedWith) {
  add(1.0, 1, half);
  add(0.1, 1, [](int) { return 0.25; });
  add(0.5, 1, [](int user) { return user % 2 == 0 ? 0.75 : 0.25; });
  const Table made = table();
  ASSERT_EQ(made.rows.size(), 3U);
  EXPECT_THAT(texts(made.rows[0]),
              ElementsAre("ml-1m keep_fraction=1", "1", "40", "0.5000", "ref.", "-", "-", "-", "-"));
  EXPECT_THAT(texts(made.rows[1]), ElementsAre("ml-1m keep_fraction=0.1", "1", "40", "0.2500", "-0.2500", "-0.2500",
                                               "-0.2500", "0.0001", "lower"));
  EXPECT_EQ(made.rows[2].entries[4].text, "+0.0000");
  EXPECT_EQ(made.rows[2].entries[7].text, "1.0000");
  EXPECT_EQ(made.rows[2].entries[8].text, "-");
}

TEST_F(UserTable, AUsersValueIsTheMeanOverTheSeedsThatBothHave) {
  add(1.0, 1, half);
  add(1.0, 2, half);
  add(1.0, 3, [](int) { return 100.0; });
  add(0.1, 1, [](int user) { return user == 0 ? 1.0 : 0.5; });
  add(0.1, 2, half);
  const Table made = table();
  EXPECT_EQ(made.rows[1].entries[1].text, "2");
  EXPECT_NEAR(made.rows[1].entries[4].value.value(), 0.25 / 40, 1e-12);
}

// Six users that all differ in one direction: 2 of 64 swaps are as far, p = 0.031.
TEST_F(UserTable, MoreRowsAskForMoreBeforeADifferenceIsMoreThanChance) {
  add(1.0, 1, half, 6);
  add(
      0.1, 1, [](int) { return 0.75; }, 6);
  const Table one = table();
  EXPECT_NEAR(one.rows[1].entries[7].value.value(), 2.0 / 64, 0.008);
  EXPECT_EQ(one.rows[1].entries[8].text, "higher");
  add(
      0.2, 1, [](int) { return 0.25; }, 6);
  const Table two = table();
  for (const std::size_t row : {1U, 2U}) {
    EXPECT_LT(two.rows[row].entries[7].value.value(), 0.05);
    EXPECT_EQ(two.rows[row].entries[8].text, "-") << "0.05 of the table, not of each row";
  }
}

TEST_F(UserTable, AFileThatIsNoTableOfUsersIsRefusedAtItsPlace) {
  add(1.0, 1, half);
  const auto file = artifacts_of(run_.folder, run_.cells.back().id) / "export" / "users.tsv";
  const auto refused = [&](const std::string& text) {
    write_whole_file(file, text);
    return refusal("params.cadc.keep_fraction=1.0");
  };
  EXPECT_THAT(refused("user\thr@10[full]\tndcg@10[full]\nu0\t1\n"), HasSubstr("users.tsv:2: 2 values, not 3"));
  EXPECT_THAT(refused("user\tndcg@10[full]\nu0\t0.5\nu1\t0.5x\n"), HasSubstr("users.tsv:3: no number: 0.5x"));
  EXPECT_THAT(refused("user\tndcg@10[full]\nu0\tinf\n"), HasSubstr("no number: inf"));
  EXPECT_THAT(refused("user\tndcg@10[full]\n"), HasSubstr("holds no user"));
  EXPECT_EQ(refused("user\tndcg@10[full]\nu0\t0.5"), "") << "the last line may lack its end";
}

TEST_F(UserTable, NoOtherSeedIsComparedWith) {
  add(1.0, 1, half);
  add(0.1, 2, half);
  const Table made = table();
  EXPECT_EQ(made.rows.size(), 1U);
  EXPECT_THAT(made.notes, Contains(HasSubstr("No cell to compare with, on their data and of their seeds: ")));
}

TEST_F(UserTable, CellsWithoutAnExportAreCountedAndThoseOfOtherDataNamed) {
  add(1.0, 1, half);
  add(0.1, 1, half);
  add(0.5, 1, {});
  add(0.2, 1, half);
  run_.cells.back().cell.dataset["name"] = "other";
  const Table made = table();
  EXPECT_EQ(made.rows.size(), 2U);
  EXPECT_THAT(made.notes,
              Contains(HasSubstr("Cells that have left nothing by user (run the plan with --set export=true): 1.")));
  EXPECT_THAT(made.notes, Contains(HasSubstr("other keep_fraction=0.2")));
}

TEST_F(UserTable, WhatCannotBeComparedIsRefusedAndSaysWhatCan) {
  add(1.0, 1, {});
  EXPECT_THAT(refusal("params.cadc.keep_fraction=1.0"), HasSubstr("--set export=true"));
  add(1.0, 2, half);
  add(0.1, 2, half, 39);
  EXPECT_THAT(refusal("params.cadc.keep_fraction=1.0"), HasSubstr("did not test the same users with seed 2"));
  EXPECT_THAT(refusal("params.cadc.keep_fraction=1.0", "ndgc@10[full]"), HasSubstr("ndcg@10[full]"));
  EXPECT_THAT(refusal("params.cadc.keep_fractoin=1.0"), HasSubstr("did you mean 'params.cadc.keep_fraction'"));
  EXPECT_THAT(refusal("params.cadc.keep_fraction=0.7"), HasSubstr("names no cell"));
  EXPECT_THAT(refusal("params.cadc.model=two_tower"), HasSubstr("names several cells"));
  add(0.2, 2, [](int) { return std::nan(""); });
  EXPECT_THAT(refusal("params.cadc.keep_fraction=1.0"), HasSubstr("users.tsv:2"));
}

}  // namespace
}  // namespace frugal::harness
