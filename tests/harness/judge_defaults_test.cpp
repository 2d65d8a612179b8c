// The tolerances that hold without a word, a hair inside and a hair outside; and the sizes of the tests, by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/study/paired_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using Direction = MetricDescriptor::Direction;
using samples::RunRecord;

/// A run of one cell and one seed with a metric of this unit.
RunRecord run_with(const std::string& unit, double value, Direction direction = Direction::higher_is_better) {
  RunRecord run = samples::sample_run();
  run.provenance.metrics = {{"quality", unit, direction, "{}", ""}};
  run.cells = {samples::sample_cell(1, 1, 0.5)};
  run.cells[0].metrics = {{"quality", value}};
  return run;
}

/// Nothing where it is not judged.
std::optional<Verdict> verdict(const std::string& unit, double before, double now) {
  const Judgement judgement = check_run(run_with(unit, now), {.file = "b", .run = run_with(unit, before)});
  for (const Finding& finding : judgement.findings)
    if (finding.metric == "quality") return finding.verdict;
  return std::nullopt;
}

TEST(JudgeDefaults, ARatioMayLoseAHundredth) {
  EXPECT_EQ(verdict("", 0.7, 0.7 - 0.00999), Verdict::same);
  EXPECT_EQ(verdict("", 0.7, 0.7 - 0.01001), Verdict::worse);
}

TEST(JudgeDefaults, ASmallRatioMayLoseATwentieth) {
  EXPECT_EQ(verdict("", 0.04, 0.04 - 0.00199), Verdict::same);
  EXPECT_EQ(verdict("", 0.04, 0.04 - 0.00201), Verdict::worse);
  EXPECT_EQ(verdict("", 0.002, 0.002 - 0.00049), Verdict::same) << "the last digit that is printed";
  EXPECT_EQ(verdict("", 0.002, 0.002 - 0.00051), Verdict::worse);
}

TEST(JudgeDefaults, DecibelsMayLoseAHalf) {
  EXPECT_EQ(verdict("dB", 33, 33 - 0.499), Verdict::same);
  EXPECT_EQ(verdict("dB", 33, 33 - 0.501), Verdict::worse);
}

TEST(JudgeDefaults, AnyOtherUnitMayLoseTwoPercent) {
  EXPECT_EQ(verdict("bit", 200, 200 - 3.99), Verdict::same);
  EXPECT_EQ(verdict("bit", 200, 200 - 4.01), Verdict::worse);
}

TEST(JudgeDefaults, WhatIsOfTheMachineIsNotJudged) {
  for (const char* unit : {"s", "ms", "us", "B", "FLOP/s", "B/s", "1/s"})
    EXPECT_EQ(verdict(unit, 100, 1), std::nullopt) << unit;
}

TEST(JudgeDefaults, OfTwoTolerancesTheLargerHolds) {
  const auto verdict_at = [](double now) {
    Baseline baseline{.file = "b", .run = run_with("dB", 100)};
    baseline.tolerances = {{.metric = "quality", .absolute = 1, .relative = 0.03}};
    return check_run(run_with("dB", now), baseline).findings.at(0).verdict;
  };
  EXPECT_EQ(verdict_at(97.01), Verdict::same);
  EXPECT_EQ(verdict_at(96.99), Verdict::worse);
}

/// Seeds that no two runs share, so that Welch's test decides; `shift` from the one to the other.
Collected welch(const std::vector<double>& before, const std::vector<double>& now) {
  const auto run_of = [](const std::vector<double>& values, std::uint64_t seed) {
    RunRecord run = run_with("dB", 0);
    run.cells.clear();
    for (const double value : values) {
      run.cells.push_back(samples::sample_cell(1, seed++, 0.5));
      run.cells.back().metrics = {{"quality", value}};
    }
    return run;
  };
  return collect(run_of(now, 100), {.file = "b", .run = run_of(before, 1)}, true);
}

TEST(JudgeDefaults, TwoSamplesHaveTheDegreesOfBothLessTwo) {
  const Collected collected = welch({1, 2, 3}, {4, 6, 8, 10, 12});
  ASSERT_EQ(collected.comparisons.size(), 1U);
  const DifferenceNoise& noise = collected.comparisons[0].noise;
  EXPECT_EQ(noise.one.degrees, 6);
  EXPECT_DOUBLE_EQ(noise.one.value, (2 + 40) / 6.0);
  EXPECT_DOUBLE_EQ(noise.share, 1 / 3.0 + 1 / 5.0);
}

TEST(JudgeDefaults, SameIsAnIntervalOfNinetyPercent) {
  // Four pairs: mean 0.5, deviation 1, so half a width of t(90%, 3) / 2 = 2.3534 / 2.
  const std::vector<double> differences{0.5 - 1.2247448713915890, 0.5, 0.5, 0.5 + 1.2247448713915890};
  const double half = 2.35336343 / 2;
  ASSERT_NEAR(*sample_deviation(differences), 1, 1e-12);
  const auto verdict_within = [&](double tolerance) {
    Comparison one;
    one.direction = Direction::higher_is_better;
    one.finding.baseline = 30;
    one.finding.current = 30.5;
    one.finding.baseline_n = one.finding.current_n = 4;
    one.finding.tolerance = tolerance;
    one.noise = {{1, 3}, 0.25};
    return decide({one}).at(0).verdict;
  };
  EXPECT_EQ(verdict_within(0.5 + half + 1e-4), Verdict::same);
  EXPECT_EQ(verdict_within(0.5 + half - 1e-4), Verdict::no_worse);
  EXPECT_EQ(verdict_within(half - 0.5 + 1e-4), Verdict::no_worse) << "only the bad end counts";
  EXPECT_EQ(verdict_within(half - 0.5 - 1e-4), Verdict::ambiguous);
}

TEST(JudgeDefaults, PairsOfSeveralCellsShareOneRateOfFalseAlarms) {
  // The same sign in all pairs of a look: the tail is 2^-n. It is enough up to the level over both sides, all looks and
  // all cells.
  const auto number_of_looks = static_cast<double>(std::size(looks));
  for (const int n : looks) {
    std::vector<double> ratios;
    for (int i = 0; i < n; ++i) ratios.push_back(0.1 + 0.001 * i);
    const double tail = std::pow(0.5, n);
    PairedRule rule;
    rule.false_alarm = 1.01 * tail * 2 * number_of_looks * 5;
    rule.tests = 5;
    EXPECT_EQ(decide_pairs(rule, ratios), PairedVerdict::slower) << n;
    rule.tests = 6;
    EXPECT_NE(decide_pairs(rule, ratios), PairedVerdict::slower) << n;
  }
}

}  // namespace
}  // namespace frugal::harness
