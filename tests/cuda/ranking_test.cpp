// Ranking on the device (or its shim): its own cases.
#include <gtest/gtest.h>

#include "tests/impl/ranking_fixture.hpp"

namespace frugal {
namespace {

using ranking_test::Problem;

class RankingCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cuda")->available(); !available) GTEST_SKIP() << available.reason;
  }
};

TEST_F(RankingCuda, ASeenItemListedTwiceIsMaskedOnce) {
  Problem problem;
  problem.users = {1};
  problem.items = {5, 4, 3, 2, 1};
  problem.held_out = {{0, 3}};
  problem.seen_offsets = {0, 4};
  problem.seen = {1, 1, 1, 4};
  EXPECT_EQ(ranking_test::ranked("cuda", problem), std::vector<std::uint32_t>{2});
}

// More tiles of items than a split has, and more queries than a tile.
TEST_F(RankingCuda, CountsOverSplitsOfTheItems) {
  const Problem problem = ranking_test::integer_problem(70, 64 * 19 + 5, 18, 0, true);
  EXPECT_EQ(ranking_test::ranked("cuda", problem), ranking_test::ranked("reference", problem));
}

}  // namespace

}  // namespace frugal
