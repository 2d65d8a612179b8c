#include <gtest/gtest.h>

#include "benchmarks/harness/run/pace.hpp"

namespace frugal::harness {
namespace {

TEST(Pace, IsASecondOfStepsAtTheRateOfTheLast) {
  Pace pace;
  EXPECT_EQ(pace.next(0, 100), 10);
  EXPECT_EQ(pace.next(10, 100.125), 80);
  EXPECT_EQ(pace.next(110, 100.375), 400);
}

TEST(Pace, KeepsBetweenTenStepsAndAHundredThousand) {
  Pace pace;
  pace.next(0, 0);
  EXPECT_EQ(pace.next(10, 0), 100'000);  // less than the clock can tell
  EXPECT_EQ(pace.next(100'010, 1e6), 10);
}

TEST(Pace, StartsAgainWithEachLoop) {
  Pace pace;
  pace.next(0, 0);
  pace.next(10, 0.001);
  EXPECT_EQ(pace.next(0, 5), 10);
}

}  // namespace
}  // namespace frugal::harness
