#include "impl/common/epoch_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace frugal {
namespace {

TEST(EpochSchedule, EveryEpochTakesEveryExampleOnce) {
  for (const std::uint64_t examples : {1u, 7u, 8u, 9u, 24u}) {
    const EpochSchedule schedule(examples, 8, 3);
    const std::uint64_t steps = steps_per_epoch(examples, 8);
    for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
      std::vector<int> taken(examples);
      const Permutation order = schedule.order(epoch);
      for (std::uint64_t s = epoch * steps; s < (epoch + 1) * steps; ++s) {
        const EpochSchedule::Step step = schedule.at(s);
        EXPECT_EQ(step.epoch, epoch);
        EXPECT_LE(step.count, 8u);
        for (std::uint64_t i = 0; i < step.count; ++i) ++taken[order(step.first + i)];
      }
      EXPECT_TRUE(std::all_of(taken.begin(), taken.end(), [](int times) { return times == 1; })) << examples;
    }
  }
}

TEST(EpochSchedule, ExamplesOfStepsAreThoseThatTheyTake) {
  for (const std::uint64_t examples : {5u, 16u, 20u}) {
    const EpochSchedule schedule(examples, 8, 3);
    for (std::uint64_t begin = 0; begin < 5; ++begin)
      for (std::uint64_t steps = 0, sum = 0; steps < 8; sum += schedule.at(begin + steps++).count)
        EXPECT_EQ(examples_of_steps(examples, 8, begin, steps), sum) << examples << ' ' << begin << ' ' << steps;
  }
}

TEST(EpochSchedule, OnlyTheLastStepOfAnEpochIsShorter) {
  const EpochSchedule schedule(20, 8, 3);
  const EpochSchedule::Step expected[] = {{0, 0, 8}, {0, 8, 8}, {0, 16, 4}, {1, 0, 8}};
  for (std::uint64_t s = 0; s < 4; ++s) {
    EXPECT_EQ(schedule.at(s).epoch, expected[s].epoch);
    EXPECT_EQ(schedule.at(s).first, expected[s].first);
    EXPECT_EQ(schedule.at(s).count, expected[s].count);
  }
}

TEST(EpochSchedule, EpochsAreShuffledApart) {
  const EpochSchedule schedule(1000, 8, 3);
  int equal = 0;
  for (std::uint64_t p = 0; p < 1000; ++p) equal += schedule.order(0)(p) == schedule.order(1)(p) ? 1 : 0;
  EXPECT_LT(equal, 20);
}

}  // namespace
}  // namespace frugal
