#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "benchmarks/harness/judge/counted_work.hpp"
#include "benchmarks/harness/judge/paired.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;

Finding cell_named(const std::string& name) {
  Finding finding;
  finding.cell = name;
  return finding;
}

/// A machine on which the new program takes `ratio` times as long in each cell, and a run varies by 1%.
struct Machine {
  std::vector<double> ratios;
  std::vector<std::pair<Side, std::size_t>> calls{};
  std::mt19937_64 random{7};

  TimedRun operator()(Side side, std::size_t index) {
    calls.emplace_back(side, index);
    std::normal_distribution<double> normal;
    return {(side == Side::new_one ? ratios.at(index) : 1.0) * (1 + 0.01 * normal(random)), 0};
  }
};

Judgement judged(const TimeCell& time_cell, int cells) {
  std::vector<Finding> findings;
  for (int i = 0; i < cells; ++i) findings.push_back(cell_named("cell " + std::to_string(i)));
  return judge_pairs(findings, {}, time_cell, [](const std::string&) {});
}

TEST(JudgePairs, NamesTheCellThatBecameSlowerAndNoOther) {
  Machine machine{{1.0, 1.05, 0.9}};
  const Judgement judgement = judged(std::ref(machine), 3);
  EXPECT_EQ(judgement.findings.at(0).verdict, Verdict::same);
  EXPECT_EQ(judgement.findings.at(1).verdict, Verdict::worse);
  EXPECT_THAT(judgement.findings.at(1).message, HasSubstr("new / old = 1.04"));
  EXPECT_DOUBLE_EQ(judgement.findings.at(1).tolerance, PairedRule().slowdown * *judgement.findings.at(1).baseline)
      << "in seconds, as the baseline is";
  EXPECT_NE(judgement.findings.at(2).verdict, Verdict::worse);
  EXPECT_FALSE(judgement.passed());
}

TEST(JudgePairs, AlternateTheOrderSoThatADriftCancels) {
  Machine machine{{1.0}};
  judged(std::ref(machine), 1);
  ASSERT_GE(machine.calls.size(), 8u);
  std::string order;
  for (std::size_t i = 0; i < 8; ++i) order += machine.calls[i].first == Side::old_one ? 'o' : 'n';
  EXPECT_EQ(order, "onnonoon");
}

TEST(JudgePairs, ADriftIsNoSlowdown) {
  // Each run takes half a percent longer than the one before.
  double seconds = 1;
  const Judgement judgement = judged([&](Side, std::size_t) { return TimedRun{seconds *= 1.005, 0}; }, 1);
  EXPECT_NE(judgement.findings.at(0).verdict, Verdict::worse);
}

TEST(JudgePairs, PairsWithOtherWorkBesideOneHalfDoNotCount) {
  // A neighbour takes a core from every third run, which then takes twice as long.
  int runs = 0;
  const Judgement judgement = judged(
      [&](Side, std::size_t) {
        return runs++ % 3 == 0 ? TimedRun{2, 1.0} : TimedRun{1, 0};
      },
      1);
  EXPECT_EQ(judgement.findings.at(0).verdict, Verdict::same);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("did not count"));
}

TEST(JudgePairs, WhatNeverCountsEndsAmbiguousAndFails) {
  int runs = 0;
  const Judgement judgement = judged([&](Side, std::size_t) { return TimedRun{1, runs++ % 2 == 0 ? 2.0 : 0.0}; }, 1);
  EXPECT_EQ(judgement.findings.at(0).verdict, Verdict::ambiguous);
  EXPECT_FALSE(judgement.passed());
}

/// Times on a machine so busy that they tell nothing; the new program executes `ratio` times the instructions of the old.
Judgement judged_by_counts(double ratio, double noise) {
  std::mt19937_64 random{3};
  std::uniform_real_distribution<double> busy(0.3, 1.7), vary(1 - noise, 1 + noise);
  return judged(
      [&](Side side, std::size_t) {
        return TimedRun{busy(random), 0, 1e9 * vary(random) * (side == Side::new_one ? ratio : 1)};
      },
      1);
}

TEST(JudgePairs, CountedInstructionsTellOfWorkThatNoClockSees) {
  const Judgement more = judged_by_counts(1.05, 0.0001);
  EXPECT_EQ(more.findings.at(0).verdict, Verdict::ambiguous) << "counts change no verdict";
  EXPECT_THAT(more.findings.at(0).message, HasSubstr("; instructions: new / old = 1.05"));
  ASSERT_EQ(more.notes.size(), 1u);
  EXPECT_THAT(more.notes.front(), HasSubstr("does other work in cell 0: instructions: new / old = 1.05"));
  const Judgement same = judged_by_counts(1.0, 0.0001);
  EXPECT_THAT(same.findings.at(0).message, HasSubstr("instructions: new / old = 1.0000 (counted)"));
  EXPECT_TRUE(same.notes.empty());
}

TEST(JudgePairs, CountsThatVaryTellNothingAndWhereThereAreNoneNothingIsSaid) {
  const Judgement judgement = judged_by_counts(1.05, 0.02);
  EXPECT_THAT(judgement.findings.at(0).message, HasSubstr("instructions tell nothing: those of one program vary by"));
  EXPECT_TRUE(judgement.notes.empty());
  Machine machine{{1.0}};
  EXPECT_EQ(judged(std::ref(machine), 1).findings.at(0).message.find("instructions"), std::string::npos);
}

TEST(CountedWork, IsTheRatioOfTheMediansAndNeedsFourCountsASide) {
  const std::vector<double> old_counts{100, 100, 100, 700}, new_counts{200, 200, 200, 200};
  const auto work = counted_work(old_counts, new_counts);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->ratio, 2);
  EXPECT_TRUE(work->is_other_work()) << "one count that is far off is not in the middle half";
  EXPECT_FALSE(counted_work(std::span(old_counts).first(3), new_counts));
  EXPECT_FALSE((CountedWork{1.0009, 0}.is_other_work()));
  EXPECT_TRUE((CountedWork{0.998, 0}.is_other_work()));
  EXPECT_FALSE((CountedWork{1.5, 0.01}.is_other_work()));
}

}  // namespace
}  // namespace frugal::harness
