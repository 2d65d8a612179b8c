// What the proxy is seen to get wrong, from factors that the test gives.
#include "benchmarks/workloads/cadc/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace frugal::workloads {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// Users have items of their own among many.
data::Split split_of(std::vector<Interaction> train, std::uint32_t users, std::uint32_t items) {
  data::Split split;
  split.users = users;
  split.items = items;
  split.train = std::move(train);
  return split;
}

/// One dimension: each user's is 1, so that the items' are the scores. bias: of the items, empty for none.
ModelState scores_of_items(std::uint32_t users, std::vector<float> items, std::vector<float> bias = {}) {
  ModelState state;
  const auto count = static_cast<std::int64_t>(items.size());
  state.tensors.push_back({"user_factors", {users, 1}, std::vector<float>(users, 1.0F)});
  state.tensors.push_back({"item_factors", {count, 1}, std::move(items)});
  if (!bias.empty()) state.tensors.push_back({"item_bias", {count}, std::move(bias)});
  return state;
}

std::vector<float> rising(std::size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

TEST(SvpCf, CountsHowOftenRivalsScoreAsHighOrHigher) {
  const data::Split split = split_of({{0, 0}, {0, 50}, {0, 99}}, 1, 100);
  ProxyWatch watch(Sampling::svp_cf, split, 1);
  constexpr int looks = 100;
  for (int look = 0; look < looks; ++look) EXPECT_EQ(watch.look(scores_of_items(1, rising(100))), 2.0 * 1 * 5 * 3);
  const std::vector<float> scores = watch.scores();
  EXPECT_EQ(scores[0], -400.0F) << "every rival beats it";
  EXPECT_EQ(scores[2], 0.0F) << "none does";
  // 48 of 97 rivals do: 400 draws, sd 10.
  EXPECT_NEAR(scores[1], -400 * 48.0 / 97, 50);
}

TEST(SvpCf, TiesCountAgainstTheInteractionAndItsOwnersOtherItemsAreNoRivals) {
  // 30 of 32 items are the user's and score higher: no rival. The other two tie.
  std::vector<Interaction> train;
  for (std::uint32_t item = 0; item < 30; ++item) train.push_back({0, item});
  std::vector<float> items(32, 1.0F);
  items[0] = items[30] = items[31] = 0;
  const data::Split split = split_of(train, 1, 32);
  ProxyWatch watch(Sampling::svp_cf, split, 1);
  watch.look(scores_of_items(1, items));
  // An attempt finds one of the two in one case of 16: about a third of the rivals are the user's own after all.
  EXPECT_EQ(watch.scores()[0], -4.0F);

  train.resize(15);
  const data::Split half = split_of(train, 1, 32);
  ProxyWatch fair(Sampling::svp_cf, half, 1);
  items.assign(32, 0.0F);
  std::fill_n(items.begin(), 15, 1.0F);
  for (int look = 0; look < 50; ++look) fair.look(scores_of_items(1, items));
  EXPECT_THAT(fair.scores(), Each(0.0F)) << "what scores as high is the user's own";
}

TEST(SvpCf, TheItemsBiasCounts) {
  const data::Split split = split_of({{0, 0}}, 1, 10);
  ProxyWatch watch(Sampling::svp_cf, split, 1);
  std::vector<float> bias(10, 0.0F);
  bias[0] = 1;
  watch.look(scores_of_items(1, std::vector<float>(10, 0.5F), bias));
  EXPECT_EQ(watch.scores()[0], 0.0F);
}

TEST(SvpCf, RivalsAreDrawnAnewAtEachLookByTheSeed) {
  const data::Split split = split_of({{0, 50}, {1, 50}}, 2, 100);
  const auto beaten_by = [&](std::uint64_t seed) {
    ProxyWatch watch(Sampling::svp_cf, split, seed);
    std::vector<float> counts;
    for (int look = 0; look < 12; ++look) {
      watch.look(scores_of_items(2, rising(100)));
      for (const float score : watch.scores()) counts.push_back(score);
    }
    return counts;
  };
  const std::vector<float> counts = beaten_by(1);
  EXPECT_EQ(beaten_by(1), counts);
  EXPECT_NE(beaten_by(2), counts);
  std::vector<float> of_look, of_users;
  for (std::size_t look = 1; look < 12; ++look) {
    of_look.push_back(counts[2 * look] - counts[2 * look - 2]);
    of_users.push_back(counts[2 * look + 1] - counts[2 * look - 1]);
  }
  EXPECT_NE(of_look, std::vector<float>(11, of_look[0])) << "the same rivals at each look";
  EXPECT_NE(of_look, of_users) << "the same rivals for each interaction";
}

TEST(Forgetting, CountsWhatWasLearntAndIsNoMoreAndWhatNeverWasMost) {
  // Of 50 items the users have 0, 1, 2 and 3, scored above all others (1) or below (-1).
  const data::Split split = split_of({{0, 0}, {1, 1}, {2, 2}, {3, 3}}, 4, 50);
  ProxyWatch watch(Sampling::forgetting, split, 1);
  const auto look = [&](float a, float b, float c, float d) {
    std::vector<float> items(50, 0.0F);
    items[0] = a;
    items[1] = b;
    items[2] = c;
    items[3] = d;
    // Each user sees its own item; the others' must not be rivals that matter.
    ModelState state;
    state.tensors.push_back({"user_factors", {4, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}});
    std::vector<float> factors(50 * 4, 0.0F);
    for (std::size_t k = 0; k < 4; ++k) factors[k * 4 + k] = items[k];
    state.tensors.push_back({"item_factors", {50, 4}, factors});
    watch.look(state);
  };
  look(1, -1, 1, -1);
  look(1, 1, -1, -1);
  look(1, 1, 1, -1);
  look(1, -1, -1, -1);
  EXPECT_THAT(watch.scores(), ElementsAre(0.0F, -1.0F, -2.0F, -4.0F));
}

TEST(Forgetting, RivalsStayTheSameSoThatAModelThatStaysForgetsNothing) {
  std::vector<Interaction> train;
  for (std::uint32_t user = 0; user < 40; ++user) train.push_back({user, 2 * user + 10});
  const data::Split split = split_of(train, 40, 100);
  ProxyWatch watch(Sampling::forgetting, split, 1);
  for (int look = 0; look < 20; ++look) watch.look(scores_of_items(40, rising(100)));
  for (const float score : watch.scores()) EXPECT_TRUE(score == 0 || score == -20) << score;
}

}  // namespace
}  // namespace frugal::workloads
