#include "benchmarks/workloads/cadc/rankings.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "impl/base/files.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::workloads {
namespace {

/// Says what it was told, and scores item i by 10 - i.
class GivenRanks final : public Ranker {
 public:
  GivenRanks(std::vector<std::uint32_t> listed, std::vector<std::uint32_t> full)
      : listed_(std::move(listed)), full_(std::move(full)) {}
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return queries.full() ? full_ : listed_;
  }

 private:
  std::vector<std::uint32_t> listed_, full_;
};

std::vector<float> falling_by_item(std::span<const Interaction> pairs) {
  std::vector<float> scores;
  for (const Interaction& pair : pairs) scores.push_back(10.0F - static_cast<float>(pair.item));
  return scores;
}

class Rankings : public ::testing::Test {
 protected:
  Rankings() {
    split_.users = 2;
    split_.items = 6;
    split_.user_names = {"Ann B", "50%"};
    split_.item_names = {"i0", "i1", "i2", "i3", "i\t4", "i5"};
    split_.train = {{0, 0}, {1, 1}};
  }
  void write(const GivenRanks& ranker, const ScorePairs& score) {
    export_rankings(scratch_.path(), split_, ranker, score, [](double) {});
  }
  std::string read(const char* name) const { return read_whole_file(scratch_.path() / name); }

  ScratchFolder scratch_;
  data::Split split_;
};

TEST_F(Rankings, TrainingInteractionsAreExportedByTheIdsOfTheFile) {
  split_.train = {{0, 4}, {1, 1}};
  export_training(scratch_.path() / "train.tsv", split_);
  EXPECT_EQ(read("train.tsv"), "user\titem\nAnn B\ti\\t4\n50%\ti1\n");
  split_.validation = {{0, 5}};
  export_training(scratch_.path() / "train.tsv", split_);
  EXPECT_EQ(read("train.tsv"), "user\titem\nAnn B\ti\\t4\n50%\ti1\nAnn B\ti5\n") << "nor is this held out";
}

TEST_F(Rankings, WhatEarlyStoppingWatchedIsNoCandidate) {
  split_.validation = {{0, 5}};
  split_.held_out = {{0, 2}};
  write({{}, {0}}, falling_by_item);
  EXPECT_EQ(read("run_full.trec").find(" i5 "), std::string::npos);
  EXPECT_NE(read("run_full.trec").find(" i3 "), std::string::npos);
}

TEST_F(Rankings, HeldOutItemsStandWhereTheModelRanksThemAndIdsAreOneWord) {
  split_.held_out = {{0, 2}, {1, 3}};
  split_.negatives = {4, 5, 0, 5};
  split_.negatives_per_query = 2;
  write({{2, 0}, {1, 3}}, falling_by_item);
  EXPECT_EQ(read("qrels.trec"), "Ann%20B 0 i2 1\n50%25 0 i3 1\n");
  EXPECT_EQ(read("run_neg=2.trec"),
            "Ann%20B Q0 i%094 1 6 frugal\nAnn%20B Q0 i5 2 5 frugal\nAnn%20B Q0 i2 3 4.99999952 frugal\n"
            "50%25 Q0 i3 1 7 frugal\n50%25 Q0 i0 2 6.99999952 frugal\n50%25 Q0 i5 3 5 frugal\n");
  // Without what the user has in training: item 0 of the first, item 1 of the second.
  EXPECT_EQ(
      read("run_full.trec"),
      "Ann%20B Q0 i1 1 9 frugal\nAnn%20B Q0 i2 2 8 frugal\nAnn%20B Q0 i3 3 7 frugal\nAnn%20B Q0 i%094 4 6 frugal\n"
      "Ann%20B Q0 i5 5 5 frugal\n"
      "50%25 Q0 i0 1 10 frugal\n50%25 Q0 i2 2 8 frugal\n50%25 Q0 i%094 3 6 frugal\n50%25 Q0 i3 4 5.99999952 frugal\n"
      "50%25 Q0 i5 5 5 frugal\n");
}

TEST_F(Rankings, APublishedListThatNamesTheHeldOutItemNamesItOnce) {
  split_.held_out = {{0, 2}};
  split_.negatives = {2, 5};
  split_.negatives_per_query = 2;
  write({{1}, {1}}, falling_by_item);  // it ties with itself, which does not count
  EXPECT_EQ(read("run_neg=2.trec"), "Ann%20B Q0 i2 1 8 frugal\nAnn%20B Q0 i5 2 5 frugal\n");
}

TEST_F(Rankings, AUserMayHaveSeveralHeldOutItemsAndScoresThatSayNothing) {
  split_.held_out = {{0, 5}, {0, 1}};
  write({{}, {3, 0}}, [](auto pairs) { return std::vector<float>(pairs.size(), std::nanf("")); });
  EXPECT_EQ(read("qrels.trec"), "Ann%20B 0 i5 1\nAnn%20B 0 i1 1\n");
  const std::string run = read("run_full.trec");
  std::size_t at = 0;
  for (const char* line : {"Q0 i1 1 ", "Q0 i2 2 ", "Q0 i3 3 ", "Q0 i5 4 ", "Q0 i%094 5 "}) {
    at = run.find(line, at);
    ASSERT_NE(at, std::string::npos) << line << run;
  }
  EXPECT_EQ(run.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace frugal::workloads
