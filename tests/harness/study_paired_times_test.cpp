#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "benchmarks/harness/study/paired_times.hpp"

namespace frugal::harness {
namespace {

TEST(SignedRanks, RankByMagnitudeAndShareTies) {
  const SignedRanks ranks = signed_ranks(std::vector<double>{0.5, -0.1, 0, 0.3, -0.3});
  EXPECT_EQ(ranks.n, 4);
  EXPECT_EQ(ranks.sum, 4 + 2.5);
}

TEST(SignedRanks, TailsAreCountedByHand) {
  // Of the 8 signs of ranks 1, 2, 3: sums 6, 5, 4, 3, 3, 2, 1, 0.
  EXPECT_DOUBLE_EQ(signed_rank_tail(3, 6), 1 / 8.0);
  EXPECT_DOUBLE_EQ(signed_rank_tail(3, 3), 5 / 8.0);
  EXPECT_DOUBLE_EQ(signed_rank_tail(3, 0), 1);
  EXPECT_DOUBLE_EQ(signed_rank_tail(20, 210), std::pow(0.5, 20));
  EXPECT_NEAR(signed_rank_tail(20, 210 - 52), 0.0242, 5e-5) << "52 is the table's 2.5% point for n = 20";
}

TEST(SignedRanks, TheCenterIsTheMedianOfMeans) {
  // Means: 1, 2, 3, 5.5, 6.5, 10 (of 1, 3, 10).
  EXPECT_DOUBLE_EQ(center_of(std::vector<double>{1, 3, 10}), (3 + 5.5) / 2);
}

TEST(SignedRanks, TheUpperBoundHoldsItsProbability) {
  std::mt19937_64 random(1);
  std::student_t_distribution<double> heavy(2);
  int above = 0;
  for (int i = 0; i < 4000; ++i) {
    std::vector<double> values(12);
    for (double& value : values) value = 5 + heavy(random);
    above += upper_bound(values, 0.1) < 5;
  }
  EXPECT_NEAR(above / 4000.0, 0.1, 0.02) << "exact but for the steps of the distribution";
  EXPECT_TRUE(std::isinf(upper_bound(std::vector<double>{1, 2, 3}, 0.1)));
}

/// Verdicts of so many comparisons. A pair's log ratio is `slowdown` plus noise; one pair in ten is hit by a neighbour,
/// on either side alike.
std::map<PairedVerdict, int> comparisons(int count, double slowdown, double noise, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::map<PairedVerdict, int> verdicts;
  for (int i = 0; i < count; ++i) {
    std::vector<double> ratios;
    PairedVerdict verdict = PairedVerdict::undecided;
    while (verdict == PairedVerdict::undecided) {
      const double hit = random() % 10 == 0 ? 10 * noise * normal(random) : 0;
      ratios.push_back(std::log1p(slowdown) + noise * normal(random) + hit);
      verdict = decide_pairs({}, ratios);
    }
    ++verdicts[verdict];
  }
  return verdicts;
}

TEST(PairedTimes, EqualProgramsRaiseNoAlarm) {
  for (const double noise : {0.01, 0.05}) {
    auto verdicts = comparisons(1000, 0, noise, 2);
    EXPECT_LE(verdicts[PairedVerdict::slower], 3) << noise << ": half of one is expected";
    EXPECT_LE(verdicts[PairedVerdict::ambiguous], 10) << noise;
  }
}

TEST(PairedTimes, ASlowdownOfThreePercentIsSeen) {
  auto verdicts = comparisons(400, 0.03, 0.02, 3);
  EXPECT_GE(verdicts[PairedVerdict::slower], 380);
  EXPECT_LE(verdicts[PairedVerdict::same], 20);
}

TEST(PairedTimes, ASpeedupIsSeenAndIsNoAlarm) {
  auto verdicts = comparisons(200, -0.05, 0.02, 4);
  EXPECT_GE(verdicts[PairedVerdict::faster] + verdicts[PairedVerdict::same], 200);
}

TEST(PairedTimes, HopelessNoiseEndsAmbiguous) {
  auto verdicts = comparisons(50, 0, 0.5, 5);
  EXPECT_GE(verdicts[PairedVerdict::ambiguous], 45);
}

TEST(PairedTimes, DecideOnlyAtTheLooks) {
  const std::vector<double> slower(128, 0.2);
  for (int n = 1; n <= 128; ++n) {
    const bool is_look = std::find(std::begin(looks), std::end(looks), n) != std::end(looks);
    const PairedVerdict verdict = decide_pairs({}, std::span(slower).first(static_cast<std::size_t>(n)));
    EXPECT_EQ(verdict, n >= 16 && is_look ? PairedVerdict::slower : PairedVerdict::undecided) << n;
  }
}

}  // namespace
}  // namespace frugal::harness
