// How often a cell is run, where its plan leaves that open.
#include <gtest/gtest.h>

#include "benchmarks/harness/run/repeat_rule.hpp"

namespace frugal::harness {
namespace {

/// So many repeats of one second each until the rule ends them; at most 1000.
int repeats_of_a_second(const Measure& measure, double timeout_s = 0, SamplingEnd* end = nullptr) {
  RepeatRule rule(measure, timeout_s);
  for (int repeat = 1; repeat <= 1000; ++repeat) {
    if (!rule.is_last(1, 1, repeat)) continue;
    if (end != nullptr) *end = rule.sampling().value().ended_by;
    return repeat;
  }
  return 0;
}

TEST(MedianInterval, IsThatOfTheOrderStatistics) {
  EXPECT_FALSE(median_rel_ci(std::vector<double>{1, 2, 3, 4, 5})) << "2 / 2^5 > 5%";
  EXPECT_DOUBLE_EQ(*median_rel_ci(std::vector<double>{1, 2, 3, 4, 5, 6}), (6 - 1) / 2.0 / 3.5);
  // The tables of order statistics: of ten values the second and the ninth, of twenty the sixth and the fifteenth.
  std::vector<double> ten, twenty;
  for (int i = 1; i <= 20; ++i) twenty.push_back(i);
  ten.assign(twenty.begin(), twenty.begin() + 10);
  EXPECT_DOUBLE_EQ(*median_rel_ci(ten), (9 - 2) / 2.0 / 5.5);
  EXPECT_DOUBLE_EQ(*median_rel_ci(twenty), (15 - 6) / 2.0 / 10.5);
  EXPECT_FALSE(median_rel_ci(std::vector<double>(6, 0.0)));
}

TEST(RepeatRule, WithoutATargetRunsTheNumberOfThePlan) {
  RepeatRule rule({.repeats = 3}, 0);
  EXPECT_FALSE(rule.is_last(1, 1, 1));
  EXPECT_FALSE(rule.is_last(1, 1, 2));
  EXPECT_TRUE(rule.is_last(1, 1, 3));
  EXPECT_FALSE(rule.sampling()) << "the plan says all there is to say";
}

TEST(RepeatRule, EndsWhenTheIntervalIsNarrowEnoughAndSaysSo) {
  SamplingEnd end{};
  EXPECT_EQ(repeats_of_a_second({.max_repeats = 50, .target_rel_ci = 0.01}, 0, &end), 6) << "equal samples";
  EXPECT_EQ(end, SamplingEnd::target_rel_ci);
  RepeatRule noisy({.max_repeats = 20, .target_rel_ci = 0.01}, 0);
  int repeats = 0;
  do ++repeats;
  while (!noisy.is_last(repeats % 2 == 0 ? 1.0 : 1.1, 2, repeats));
  EXPECT_EQ(repeats, 20);
  EXPECT_EQ(noisy.sampling()->ended_by, SamplingEnd::max_repeats);
  EXPECT_NEAR(noisy.sampling()->rel_ci.value(), 0.05 / 1.05, 1e-9);
}

TEST(RepeatRule, GoesOnForTheTimeOfThePlan) {
  SamplingEnd end{};
  EXPECT_EQ(repeats_of_a_second({.max_repeats = 50, .min_time_s = 7.5}, 0, &end), 8);
  EXPECT_EQ(end, SamplingEnd::min_time_s);
  EXPECT_EQ(repeats_of_a_second({.max_repeats = 50, .target_rel_ci = 0.01, .min_time_s = 7.5}, 0, &end), 8);
  EXPECT_EQ(end, SamplingEnd::target_rel_ci);
}

TEST(RepeatRule, BeginsNoRepeatThatWouldEndAfterTheTimeout) {
  SamplingEnd end{};
  EXPECT_EQ(repeats_of_a_second({.max_repeats = 50, .min_time_s = 30}, 10.5, &end), 10);
  EXPECT_EQ(end, SamplingEnd::timeout_s);
  EXPECT_EQ(repeats_of_a_second({.repeats = 15, .max_repeats = 50, .min_time_s = 30}, 10.5), 15)
      << "what the plan asks for at least is not left out in silence: the cell runs into its timeout";
}

}  // namespace
}  // namespace frugal::harness
