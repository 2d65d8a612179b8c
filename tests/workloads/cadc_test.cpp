#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "benchmarks/workloads/cadc/evaluate.hpp"
#include "benchmarks/workloads/cadc/popularity.hpp"
#include "benchmarks/workloads/shared/sample.hpp"
#include "impl/base/philox.hpp"

namespace frugal::workloads {
namespace {

/// Of a model that puts every held-out item first.
class AllFirst final : public Ranker {
 public:
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return std::vector<std::uint32_t>(queries.held_out.size(), 0);
  }
};

TEST(Evaluation, AHitAmongAllCandidatesIsNoMetricAndSaysWhy) {
  data::Split split;
  split.users = 2;
  split.items = 12;
  split.train = {{0, 0}, {0, 1}, {1, 2}, {1, 3}};  // ten items are left for each user
  split.held_out = {{0, 5}, {1, 6}};
  harness::Outcome outcome;
  Evaluation(split).run(AllFirst(), outcome);
  EXPECT_FALSE(outcome.metrics.contains("hr@10[full]"));
  EXPECT_EQ(outcome.absent.at("hr@10[full]"), "no more than 10 candidates, the item itself included");
  EXPECT_EQ(outcome.metrics.at("ndcg@10[full]"), 1);

  split.items = 13;
  Evaluation(split).run(AllFirst(), outcome);
  EXPECT_EQ(outcome.metrics.at("hr@10[full]"), 1);
}

std::vector<Interaction> ten_thousand() {
  std::vector<Interaction> all;
  for (std::uint32_t i = 0; i < 10000; ++i) all.push_back({i / 10, i % 10});
  return all;
}

TEST(KeepUniform, KeepsTheRoundedShareInOrderWithoutRepeats) {
  const auto all = ten_thousand();
  const auto kept = keep_sample(Sampling::uniform, all, 0.12345, 1);
  EXPECT_EQ(kept.size(), 1235U);
  std::set<std::pair<std::uint32_t, std::uint32_t>> distinct;
  for (const auto& [user, item] : kept) distinct.emplace(user, item);
  EXPECT_EQ(distinct.size(), kept.size());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    return std::pair{a.user, a.item} < std::pair{b.user, b.item};
  }));
  EXPECT_EQ(keep_sample(Sampling::uniform, all, 1, 1), all);
  EXPECT_EQ(keep_sample(Sampling::uniform, all, 1e-9, 1).size(), 1U);
}

// No list of all keys is made; this one makes it.
TEST(KeepUniform, KeepsTheSmallestWordsOfTheStream) {
  const auto all = ten_thousand();
  const Philox random(5, Purpose::keep_sample);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> words;
  for (std::uint32_t i = 0; i < all.size(); ++i) words.emplace_back(random.word(i), i);
  std::ranges::sort(words);
  for (const std::uint32_t kept : {1U, 2U, 777U, 9999U}) {
    std::vector<std::uint32_t> expected;
    for (std::uint32_t k = 0; k < kept; ++k) expected.push_back(words[k].second);
    std::ranges::sort(expected);
    EXPECT_EQ(keep_uniform(all.size(), kept / 1e4, 5), expected);
    const auto sample = keep_sample(Sampling::uniform, all, kept / 1e4, 5);
    ASSERT_EQ(sample.size(), kept);
    for (std::uint32_t k = 0; k < kept; ++k) EXPECT_EQ(sample[k], all[expected[k]]);
  }
  EXPECT_TRUE(keep_uniform(0, 0.5, 5).empty());
}

TEST(KeepUniform, SamplesOfOneSeedAreNestedAndSeedsDiffer) {
  const auto all = ten_thousand();
  const auto small = keep_sample(Sampling::uniform, all, 0.1, 7);
  const auto large = keep_sample(Sampling::uniform, all, 0.2, 7);
  std::set<std::pair<std::uint32_t, std::uint32_t>> in_large;
  for (const auto& [user, item] : large) in_large.emplace(user, item);
  for (const auto& [user, item] : small) EXPECT_TRUE(in_large.contains({user, item}));
  EXPECT_NE(keep_sample(Sampling::uniform, all, 0.1, 8), small);
}

TEST(KeepUniform, EveryInteractionIsEquallyLikely) {
  // 400 seeds at fraction 0.25: each count is Binomial(400, 0.25), sd 8.7; 5.5 sd is passed with probability 1 - 4e-6.
  std::vector<Interaction> all;
  for (std::uint32_t i = 0; i < 100; ++i) all.push_back({i, 0});
  std::vector<int> counts(100);
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    for (const auto& [user, item] : keep_sample(Sampling::uniform, all, 0.25, seed)) ++counts[user];
  for (const int count : counts) EXPECT_NEAR(count, 100, 48);
}

TEST(KeepSample, EveryStrategyKeepsTheSameNumberAndItsSamplesAreNested) {
  const auto all = ten_thousand();
  std::vector<float> scores;
  for (std::uint32_t i = 0; i < all.size(); ++i) scores.push_back(static_cast<float>(i * 7919 % 10007));
  using enum Sampling;
  for (const Sampling sampling : {uniform, stratified, recent, quota, popularity_balanced, hardest, svp_cf, forgetting,
                                  user_uniform, svp_cf_user}) {
    const auto small = keep_sample(sampling, all, 0.1, 7, scores);
    const auto large = keep_sample(sampling, all, 0.2, 7, scores);
    EXPECT_EQ(small.size(), 1000U);
    EXPECT_EQ(large.size(), 2000U);
    std::set<std::pair<std::uint32_t, std::uint32_t>> in_large;
    for (const auto& [user, item] : large) in_large.emplace(user, item);
    for (const auto& [user, item] : small) EXPECT_TRUE(in_large.contains({user, item}));
    EXPECT_EQ(keep_sample(sampling, all, 1, 7, scores), all);
  }
}

TEST(KeepSample, EveryStrategyIsCalledByItsName) {
  using enum Sampling;
  const std::pair<const char*, Sampling> expected[] = {{"uniform", uniform},
                                                       {"stratified", stratified},
                                                       {"recent", recent},
                                                       {"quota", quota},
                                                       {"popularity_balanced", popularity_balanced},
                                                       {"hardest", hardest},
                                                       {"svp_cf", svp_cf},
                                                       {"forgetting", forgetting},
                                                       {"user_uniform", user_uniform},
                                                       {"svp_cf_user", svp_cf_user}};
  EXPECT_EQ(std::size(expected), std::size(sampling_names));
  for (const auto& [word, sampling] : expected) EXPECT_EQ(from_word(sampling_names, "sampling", word), sampling);
}

TEST(KeepSample, WhoNeedsAProxyIsToldSo) {
  std::set<std::string> asking, watching;
  for (const auto& [sampling, word] : sampling_names) {
    if (asks_proxy(sampling)) asking.emplace(word);
    if (watches_proxy(sampling)) watching.emplace(word);
  }
  EXPECT_EQ(asking, (std::set<std::string>{"hardest", "svp_cf", "forgetting", "svp_cf_user"}));
  EXPECT_EQ(watching, (std::set<std::string>{"svp_cf", "forgetting", "svp_cf_user"}));
}

/// User u has 10 (u + 1) interactions in order of time.
std::vector<Interaction> growing_histories() {
  std::vector<Interaction> all;
  for (std::uint32_t u = 0; u < 20; ++u)
    for (std::uint32_t k = 0; k < 10 * (u + 1); ++k) all.push_back({u, k});
  return all;
}

TEST(KeepSample, StratifiedAndRecentKeepTheSameShareOfEachUserToWithinOne) {
  const auto all = growing_histories();
  for (const Sampling sampling : {Sampling::stratified, Sampling::recent}) {
    std::vector<int> counts(20);
    for (const auto& [user, item] : keep_sample(sampling, all, 0.25, 3)) ++counts[user];
    for (int u = 0; u < 20; ++u) EXPECT_NEAR(counts[static_cast<std::size_t>(u)], 2.5 * (u + 1), 1);
  }
}

TEST(KeepSample, RecentKeepsTheLatestOfEachUser) {
  std::vector<std::uint32_t> earliest(20, 1000);
  std::vector<std::uint32_t> counts(20);
  for (const auto& [user, item] : keep_sample(Sampling::recent, growing_histories(), 0.3, 3)) {
    earliest[user] = std::min(earliest[user], item);
    ++counts[user];
  }
  for (std::uint32_t u = 0; u < 20; ++u) EXPECT_EQ(earliest[u], 10 * (u + 1) - counts[u]);
}

TEST(KeepSample, PopularityBalancedEvensOutTheItems) {
  // Item 0 is ten times as frequent as items 1..9. At a tenth, with weights of one over the count, about as often.
  std::vector<Interaction> all;
  for (std::uint32_t u = 0; u < 1900; ++u) all.push_back({u, u < 1000 ? 0 : 1 + u % 9});
  std::vector<int> counts(10);
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    for (const auto& [user, item] : keep_sample(Sampling::popularity_balanced, all, 0.1, seed)) ++counts[item];
  // 9500 kept: 950 each if all items had plenty; those of a hundred deplete a little, by 1 - (1 - x)^.
  EXPECT_LT(counts[0], 1.3 * counts[1]);
  EXPECT_GT(counts[0], 0.9 * counts[1]);
}

TEST(KeepSample, HardestKeepsTheLowestScores) {
  const std::vector<Interaction> all{{0, 0}, {0, 1}, {0, 2}, {0, 3}};
  const std::vector<float> scores{0.5F, -2.0F, 3.0F, -0.5F};
  EXPECT_EQ(keep_sample(Sampling::hardest, all, 0.5, 1, scores), (std::vector<Interaction>{{0, 1}, {0, 3}}));
}

TEST(KeepSample, HardestKnowsTheOrderOfNegativeScoresAndThatZeroHasNoSign) {
  const std::vector<Interaction> all{{0, 0}, {0, 1}, {0, 2}, {0, 3}};
  const auto hardest = [&](const std::vector<float>& scores) {
    return keep_sample(Sampling::hardest, all, 0.25, 1, scores).at(0).item;
  };
  EXPECT_EQ(hardest({-0.5F, -2.0F, -1.0F, 3.0F}), 1U);
  EXPECT_EQ(hardest({2.0F, 1.0F, 0.5F, 3.0F}), 2U);
  EXPECT_EQ(hardest({0.0F, -0.0F, 1.0F, 2.0F}), 0U) << "of equal scores the first";
}

TEST(KeepSample, SvpCfAndForgettingKeepTheLowestScoresOfTheProxy) {
  const std::vector<Interaction> all{{0, 0}, {0, 1}, {1, 2}, {1, 3}};
  for (const Sampling sampling : {Sampling::svp_cf, Sampling::forgetting})
    EXPECT_EQ(keep_sample(sampling, all, 0.5, 1, std::vector<float>{-1, -7, 0, -3}),
              (std::vector<Interaction>{{0, 1}, {1, 3}}));
}

TEST(KeepSample, AUserIsAsHardAsItsInteractionsAreOnAverage) {
  // User 0 has one interaction of score -3, user 1 four that sum to -4.
  const std::vector<Interaction> all{{0, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}};
  EXPECT_EQ(keep_sample(Sampling::svp_cf_user, all, 0.2, 1, std::vector<float>{-3, -1, -1, -1, -1}),
            (std::vector<Interaction>{{0, 0}}));
}

TEST(KeepSample, TheUserInWhichTheNumberIsReachedKeepsRandomInteractions) {
  std::vector<Interaction> all;
  for (std::uint32_t item = 0; item < 40; ++item) all.push_back({0, item});
  std::set<std::vector<std::uint32_t>> samples;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::vector<std::uint32_t> items;
    for (const auto& [user, item] : keep_sample(Sampling::user_uniform, all, 0.25, seed)) items.push_back(item);
    EXPECT_EQ(items.size(), 10U);
    samples.insert(items);
  }
  EXPECT_EQ(samples.size(), 5U);
}

TEST(KeepSample, QuotaKeepsTheSameNumberOfEachUserOrAllItHas) {
  // 2100 interactions. A quarter is 525: 10 of user 0, 20 of user 1, and 495 of the other 18, which is 27 or 28 of each.
  std::vector<std::uint32_t> counts(20);
  std::set<std::uint32_t> items;
  for (const auto& [user, item] : keep_sample(Sampling::quota, growing_histories(), 0.25, 3)) {
    ++counts[user];
    if (user == 19) items.insert(item / 20);
  }
  EXPECT_EQ(counts[0], 10U);
  EXPECT_EQ(counts[1], 20U);
  for (std::size_t u = 2; u < 20; ++u) EXPECT_NEAR(counts[u], 27.5, 0.5) << u;
  EXPECT_GT(items.size(), 5U) << "from all of the history";
}

TEST(KeepSample, QuotaDrawsWhoseInteractionIsTheOddOne) {
  // Ten users of two: of 15 kept, five users keep two. 200 seeds: each is Binomial(200, 1/2), sd 7.1.
  std::vector<Interaction> all;
  for (std::uint32_t i = 0; i < 20; ++i) all.push_back({i / 2, i % 2});
  std::vector<int> twice(10);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<int> counts(10);
    for (const auto& [user, item] : keep_sample(Sampling::quota, all, 0.75, seed)) ++counts[user];
    for (std::size_t user = 0; user < 10; ++user) {
      EXPECT_GE(counts[user], 1);
      twice[user] += counts[user] - 1;
    }
  }
  for (const int count : twice) EXPECT_NEAR(count, 100, 40);
}

TEST(KeepSample, WholeUsersStayButTheLastOne) {
  for (const Sampling sampling : {Sampling::user_uniform, Sampling::svp_cf_user}) {
    std::vector<float> scores;
    for (const auto& [user, item] : growing_histories())
      scores.push_back(user == 7 || user == 3 ? -5.0F : static_cast<float>(item));
    std::vector<std::uint32_t> counts(20);
    for (const auto& [user, item] : keep_sample(sampling, growing_histories(), 0.25, 3, scores)) ++counts[user];
    int cut = 0;
    for (std::uint32_t u = 0; u < 20; ++u) cut += counts[u] > 0 && counts[u] < 10 * (u + 1) ? 1 : 0;
    EXPECT_LE(cut, 1);
    if (sampling == Sampling::svp_cf_user) {
      // 525: 40 of user 3 and 80 of user 7, then the shortest: 10, 20, 30, 50, 60, 70, 90, and 75 of user 9.
      EXPECT_EQ(counts[3], 40U);
      EXPECT_EQ(counts[7], 80U);
      EXPECT_EQ(counts[8], 90U);
      EXPECT_EQ(counts[9], 75U);
      EXPECT_EQ(counts[10], 0U);
    }
  }
}

TEST(KeepSample, EveryUserIsEquallyLikelyToStay) {
  // 400 seeds at a quarter of 40 users of 5: each count is 5 times Binomial(400, 0.25), sd 43.
  std::vector<Interaction> all;
  for (std::uint32_t i = 0; i < 200; ++i) all.push_back({i / 5, i % 5});
  std::vector<int> counts(40);
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    for (const auto& [user, item] : keep_sample(Sampling::user_uniform, all, 0.25, seed)) ++counts[user];
  for (const int count : counts) EXPECT_NEAR(count, 500, 240);
}

TEST(KeepSample, OfEqualScoresTheSeedChooses) {
  const auto all = ten_thousand();
  const std::vector<float> scores(all.size(), -3.0F);
  for (const Sampling sampling : {Sampling::svp_cf, Sampling::forgetting, Sampling::svp_cf_user})
    EXPECT_NE(keep_sample(sampling, all, 0.1, 1, scores), keep_sample(sampling, all, 0.1, 2, scores));
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
