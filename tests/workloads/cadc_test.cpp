#include <gtest/gtest.h>

#include <set>

#include "benchmarks/workloads/cadc/popularity.hpp"
#include "benchmarks/workloads/cadc/sample.hpp"

namespace frugal::workloads {
namespace {

std::vector<Interaction> ten_thousand() {
  std::vector<Interaction> all;
  for (std::uint32_t i = 0; i < 10000; ++i) all.push_back({i / 10, i % 10});
  return all;
}

TEST(KeepUniform, KeepsTheRoundedShareInOrderWithoutRepeats) {
  const auto all = ten_thousand();
  const auto kept = keep_uniform(all, 0.12345, 1);
  EXPECT_EQ(kept.size(), 1235U);
  std::set<std::pair<std::uint32_t, std::uint32_t>> distinct;
  for (const auto& [user, item] : kept) distinct.emplace(user, item);
  EXPECT_EQ(distinct.size(), kept.size());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    return std::pair{a.user, a.item} < std::pair{b.user, b.item};
  }));
  EXPECT_EQ(keep_uniform(all, 1, 1), all);
  EXPECT_EQ(keep_uniform(all, 1e-9, 1).size(), 1U);
}

TEST(KeepUniform, SamplesOfOneSeedAreNestedAndSeedsDiffer) {
  const auto all = ten_thousand();
  const auto small = keep_uniform(all, 0.1, 7);
  const auto large = keep_uniform(all, 0.2, 7);
  std::set<std::pair<std::uint32_t, std::uint32_t>> in_large;
  for (const auto& [user, item] : large) in_large.emplace(user, item);
  for (const auto& [user, item] : small) EXPECT_TRUE(in_large.contains({user, item}));
  EXPECT_NE(keep_uniform(all, 0.1, 8), small);
}

TEST(KeepUniform, EveryInteractionIsEquallyLikely) {
  // 400 seeds at fraction 0.25: each count is Binomial(400, 0.25), sd 8.7; 5.5 sd is passed with probability 1 - 4e-6.
  std::vector<Interaction> all;
  for (std::uint32_t i = 0; i < 100; ++i) all.push_back({i, 0});
  std::vector<int> counts(100);
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    for (const auto& [user, item] : keep_uniform(all, 0.25, seed)) ++counts[user];
  for (const int count : counts) EXPECT_NEAR(count, 100, 48);
}

TEST(Popularity, RanksByTrainingCountWithTiesAgainstTheHeldOutItem) {
  // counts: item 0 three, items 1 and 2 one each, item 3 none
  const std::vector<Interaction> train{{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 2}};
  const PopularityRanker ranker(train, 4);
  const std::vector<Interaction> held_out{{2, 1}, {1, 3}};
  const std::vector<std::uint32_t> candidates{2, 3, 1, 2};
  RankingQueries queries;
  queries.held_out = held_out;
  queries.candidates = candidates;
  queries.per_query = 2;
  EXPECT_EQ(ranker.rank(queries), (std::vector<std::uint32_t>{1, 2}));

  const std::vector<std::uint64_t> offsets{0, 2, 4, 5};
  const std::vector<std::uint32_t> seen{0, 1, 0, 2, 0};
  queries.candidates = {};
  queries.seen_offsets = offsets;
  queries.seen_items = seen;
  // user 2 has seen 0: item 2 ties. user 1 has seen 0 and 2: item 1 is ahead of item 3.
  EXPECT_EQ(ranker.rank(queries), (std::vector<std::uint32_t>{1, 1}));
}

}  // namespace
}  // namespace frugal::workloads
