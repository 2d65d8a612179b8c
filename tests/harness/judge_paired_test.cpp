#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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

}  // namespace
}  // namespace frugal::harness
