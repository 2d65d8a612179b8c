#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "benchmarks/harness/study/paired_users.hpp"
#include "impl/base/philox.hpp"

namespace frugal::harness {
namespace {

TEST(PairedUsers, ADifferenceThatAllShareIsNoChance) {
  const UserDifference found = difference_over_users(std::vector<double>(20, 0.25));
  EXPECT_EQ(found.mean, 0.25);
  EXPECT_DOUBLE_EQ(found.low, 0.25);
  EXPECT_DOUBLE_EQ(found.high, 0.25);
  EXPECT_LT(found.p, 0.001) << "two of 2^20 swaps are as far";
}

TEST(PairedUsers, NoDifferenceIsAllChance) {
  const UserDifference found = difference_over_users(std::vector<double>(20, 0.0));
  EXPECT_EQ(found.low, 0);
  EXPECT_EQ(found.high, 0);
  EXPECT_EQ(found.p, 1);
}

TEST(PairedUsers, OfFewUsersPIsTheShareOfTheirSwaps) {
  // Of the 16 swaps of (3, 1, 1, 1) two are as far as 6: of 10,000 draws 1/8, sd 0.0033.
  EXPECT_NEAR(difference_over_users(std::vector<double>{3, 1, 1, 1}).p, 2.0 / 16, 0.015);
  // Users without a difference take nothing from it.
  EXPECT_NEAR(difference_over_users(std::vector<double>{3, 0, 1, 0, 1, 1}).p, 2.0 / 16, 0.015);
}

TEST(PairedUsers, SwapsThatMoveTheMeanAsFarButForRoundingCount) {
  // Nine times 0.1 added is less than 0.9, which is nine times their mean: 2 of 512 swaps.
  EXPECT_NEAR(difference_over_users(std::vector<double>(9, 0.1)).p, 2.0 / 512, 0.003);
  EXPECT_NEAR(difference_over_users(std::vector<double>(9, -0.1)).p, 2.0 / 512, 0.003);
}

TEST(PairedUsers, EveryUserIsSwappedByItself) {
  // More users than a word has bits: of 40 that all differ by one, no swap but all or none is as far.
  EXPECT_EQ(difference_over_users(std::vector<double>(40, 1.0)).p, 1.0 / 10'001);
  // And with one of 39 ones against them, the share is that of at most one head or one tail in 40: about none.
  std::vector<double> differences(40, 1.0);
  differences[35] = -1;
  EXPECT_EQ(difference_over_users(differences).p, 1.0 / 10'001);
}

TEST(PairedUsers, TheIntervalIsThatOfTheMeanOfManyUsers) {
  const Philox random(3, Purpose::test);
  std::vector<double> differences;
  for (std::uint64_t user = 0; user < 900; ++user) differences.push_back(0.1 + random.normal(user));
  const UserDifference found = difference_over_users(differences);
  EXPECT_NEAR(found.high - found.low, 2 * 1.96 / 30, 0.01);
  EXPECT_NEAR((found.high + found.low) / 2, found.mean, 0.005);
}

}  // namespace
}  // namespace frugal::harness
