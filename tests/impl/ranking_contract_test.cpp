// Ranking by dot products, as a factorizer ranks: small cases by hand, and sizes beyond a tile, panel or chunk against
// the oracle.
#include <gtest/gtest.h>

#include <limits>

#include "impl/common/metrics.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/ranking_fixture.hpp"

namespace frugal {
namespace {

using ranking_test::Problem;

class Ranking : public ContractTest<MfSpec> {
 protected:
  std::vector<std::uint32_t> rank(const Problem& problem) const { return ranking_test::ranked(GetParam(), problem); }

  /// One user whose score of item i is scores[i]; item `held_out` is held out.
  static Problem one_user(std::vector<float> scores, std::uint32_t held_out) {
    Problem problem;
    problem.dim = 1;
    problem.users = {1};
    problem.items = std::move(scores);
    problem.held_out = {{0, held_out}};
    return problem;
  }

  static constexpr float nan = std::numeric_limits<float>::quiet_NaN();
};

TEST_P(Ranking, CountsTheCandidatesAbove) {
  Problem problem = one_user({0.5F, 3, 1, 2, -1}, 2);
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{2});
  problem.candidates = {0, 3, 4};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
}

TEST_P(Ranking, ConstantScorerHasHitRateZero) {
  Problem problem = one_user(std::vector<float>(100, 0.25F), 40);
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{99});
  for (std::uint32_t item = 0; item < 100; ++item)
    if (item != 40) problem.candidates.push_back(item);
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{99});
  EXPECT_EQ(hit_rate(rank(problem), 10), 0);
}

TEST_P(Ranking, TiesGoAgainstTheHeldOutItem) {
  Problem problem = one_user({2, 1, 1, 1, 0}, 2);
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{3});
  problem.candidates = {1, 4};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
}

TEST_P(Ranking, TheHeldOutItemTiesWithItselfOnlyWhereAGivenListNamesIt) {
  Problem problem = one_user({2, 1, 0}, 1);
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
  problem.candidates = {1, 2, 2};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
}

TEST_P(Ranking, SeenItemsAreMaskedOnlyInFullRanking) {
  Problem problem = one_user({5, 4, 3, 2, 1}, 3);
  problem.seen_offsets = {0, 2};
  problem.seen = {0, 2};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
  problem.candidates = {0, 1, 2};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{3});
}

TEST_P(Ranking, AHeldOutItemAmongTheSeenIsNotSubtractedTwice) {
  Problem problem = one_user({5, 4, 3, 2, 1}, 3);
  problem.seen_offsets = {0, 3};
  problem.seen = {1, 3, 4};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{2});
}

TEST_P(Ranking, ANanOfTheHeldOutItemRanksWorst) {
  Problem problem = one_user({5, nan, 3, nan, 1}, 3);
  problem.seen_offsets = {0, 1};
  problem.seen = {0};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{3});
  problem.candidates = {0, 1, 2, 4};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{4});
}

TEST_P(Ranking, ANanCandidateBeatsNothing) {
  Problem problem = one_user({nan, -7, nan, 1}, 1);
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
  problem.candidates = {0, 2};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{0});
}

TEST_P(Ranking, InfinitiesCompareAsNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(rank(one_user({infinity, 1, -infinity, infinity}, 0)), std::vector<std::uint32_t>{1});
  EXPECT_EQ(rank(one_user({infinity, 1, -infinity, infinity}, 2)), std::vector<std::uint32_t>{3});
}

TEST_P(Ranking, ItemBiasesCount) {
  Problem problem = one_user({1, 2, 3}, 0);
  problem.item_bias = {5, 0, 4};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{1});
  problem.candidates = {1};
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>{0});
}

TEST_P(Ranking, EachQueryUsesItsOwnUserAndCandidates) {
  Problem problem;
  problem.dim = 2;
  problem.users = {1, 0, 0, 1};
  problem.items = {3, 1, 2, 2, 1, 3};
  problem.held_out = {{1, 0}, {0, 0}, {1, 1}};
  EXPECT_EQ(rank(problem), (std::vector<std::uint32_t>{2, 0, 1}));
  problem.candidates = {2, 1, 2};
  EXPECT_EQ(rank(problem), (std::vector<std::uint32_t>{1, 0, 1}));
}

TEST_P(Ranking, NoQueriesGiveNoRanks) {
  Problem problem = one_user({1, 2}, 0);
  problem.held_out.clear();
  EXPECT_TRUE(rank(problem).empty());
}

TEST_P(Ranking, AgreesExactlyWithReferenceAtSizesBeyondATile) {
  for (const int dim : {1, 7, 16, 33, 64})
    for (const std::uint32_t items : {1U, 31U, 32U, 33U, 9001U}) {
      const Problem problem = ranking_test::integer_problem(items > 1000 ? 53 : 131, items, dim, 0, dim != 16);
      EXPECT_EQ(rank(problem), ranking_test::ranked("reference", problem)) << dim << ' ' << items;
    }
}

TEST_P(Ranking, AgreesExactlyWithReferenceAmongCandidates) {
  for (const int dim : {1, 7, 16, 33, 64, 100}) {
    const Problem problem = ranking_test::integer_problem(131, 503, dim, 99, dim != 16);
    EXPECT_EQ(rank(problem), ranking_test::ranked("reference", problem)) << dim;
  }
}

TEST_P(Ranking, CopiesOfTheHeldOutItemTieExactlyWhateverTheRounding) {
  Problem problem;
  problem.dim = 37;
  const Philox random(9, Purpose::test);
  for (std::uint64_t k = 0; k < 37; ++k) problem.users.push_back(random.uniform(k) - 0.3F);
  for (std::uint32_t item = 0; item < 100; ++item)
    for (std::uint64_t k = 0; k < 37; ++k) problem.items.push_back(random.uniform(k, 1) * 3.1F);
  problem.item_bias.assign(100, 0.1F);
  for (std::uint32_t item = 0; item < 100; ++item) problem.held_out.push_back({0, item});
  EXPECT_EQ(rank(problem), std::vector<std::uint32_t>(100, 99));
}

INSTANTIATE_TEST_SUITE_P(Backends, Ranking, ::testing::ValuesIn(backends_under_test()), name_of_backend);

}  // namespace
}  // namespace frugal
