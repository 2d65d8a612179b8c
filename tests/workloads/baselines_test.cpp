#include "benchmarks/workloads/cadc/baselines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <numbers>

#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"

namespace frugal::workloads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

data::Split split_of(std::uint32_t users, std::uint32_t items, std::vector<Interaction> train) {
  data::Split split;
  split.users = users;
  split.items = items;
  split.train = std::move(train);
  return split;
}

/// Six users, five items, one item without anybody.
data::Split small() {
  return split_of(6, 5, {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 1}, {2, 3}, {3, 0}, {4, 2}, {4, 3}, {5, 1}});
}

Eigen::MatrixXd matrix_of(const data::Split& split) {
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(split.users, split.items);
  for (const Interaction& pair : split.train) x(pair.user, pair.item) = 1;
  return x;
}

Eigen::MatrixXd scores_by(const RowRanker& ranker, const data::Split& split) {
  std::vector<Interaction> pairs;
  for (std::uint32_t user = 0; user < split.users; ++user)
    for (std::uint32_t item = 0; item < split.items; ++item) pairs.push_back({user, item});
  const std::vector<float> flat = ranker.score(pairs);
  Eigen::MatrixXd scores(split.users, split.items);
  for (std::size_t k = 0; k < pairs.size(); ++k) scores(pairs[k].user, pairs[k].item) = flat[k];
  return scores;
}

/// Steck 2019, eq. 5 to 8: B minimises |X - X B|^2 + l2 |B|^2 with a diagonal of zeros, so (G + l2 I) B = G off the diagonal.
TEST(Ease, SolvesTheRidgeRegressionWithoutSelfSimilarity) {
  data::Split split = small();
  for (std::uint32_t item = 0; item < 5; ++item) split.train.push_back({6 + item, item});  // whose scores are rows of B
  split.users = 11;
  const double l2 = 0.7;
  const Baseline ease = fit_ease(split, l2);
  const Eigen::MatrixXd b = scores_by(*ease.ranker, split).bottomRows(5);
  const Eigen::MatrixXd x = matrix_of(split);
  const Eigen::MatrixXd gram = x.transpose() * x;
  const Eigen::MatrixXd left = (gram + l2 * Eigen::MatrixXd::Identity(5, 5)) * b;
  for (Eigen::Index i = 0; i < 5; ++i) {
    EXPECT_EQ(b(i, i), 0);
    for (Eigen::Index j = 0; j < 5; ++j)
      if (i != j) {
        EXPECT_NEAR(left(i, j), gram(i, j), 1e-5) << i << ' ' << j;
      }
  }
  EXPECT_EQ(ease.parameters, 25);
  EXPECT_EQ(ease.flops, 4 + 9 + 4 + 1 + 4 + 1 + 5 + 125 / 3.0 + 250);  // users' squares; items^3 / 3, 2 items^3
}

TEST(Ease, AUsersScoresAreTheSumOfItsItemsRows) {
  data::Split split = small();
  split.train.push_back({6, 0});
  split.train.push_back({7, 1});
  split.users = 8;
  const Eigen::MatrixXd scores = scores_by(*fit_ease(split, 2).ranker, split);
  for (Eigen::Index item = 0; item < 5; ++item)
    EXPECT_NEAR(scores(0, item), scores(6, item) + scores(7, item), 1e-6);  // user 0 has items 0 and 1
  EXPECT_EQ(fit_ease(split, 2).ranker->inference_flops(), static_cast<double>(split.train.size()) / 8 * 5);
}

TEST(ItemKnn, WeighsByTheShrunkCosineOfTheNearest) {
  // Users of the items: 0: {0, 1, 3}; 1: {0, 1, 2, 5}; 2: {1, 4}; 3: {2, 4}; 4: none.
  const data::Split split = small();
  const Baseline all = fit_item_knn(split, 10, 3);
  const Eigen::MatrixXd scores = scores_by(*all.ranker, split);
  const double s01 = 2 / (std::sqrt(3.0 * 4) + 3);
  const double s02 = 1 / (std::sqrt(3.0 * 2) + 3);
  const double s12 = 1 / (std::sqrt(4.0 * 2) + 3);
  const double s13 = s12;
  const double s23 = 1 / (std::sqrt(2.0 * 2) + 3);
  EXPECT_NEAR(scores(0, 0), s01, 1e-6);  // user 0 has 0 and 1
  EXPECT_NEAR(scores(0, 2), s02 + s12, 1e-6);
  EXPECT_NEAR(scores(0, 3), s13, 1e-6);
  EXPECT_NEAR(scores(4, 1), s12 + s13, 1e-6);  // user 4 has 2 and 3
  EXPECT_EQ(scores(4, 4), 0);
  EXPECT_EQ(all.parameters, 10);  // five similar pairs, both ways

  const Eigen::MatrixXd nearest = scores_by(*fit_item_knn(split, 1, 3).ranker, split);
  EXPECT_NEAR(nearest(4, 3), s23, 1e-6);  // of item 3 the nearest is 2
  EXPECT_EQ(nearest(0, 3), 0);
}

TEST(ItemKnn, TheNeighboursAreThoseOfTheItemThatIsScored) {
  // The nearest of item 0 is 1, but that of item 1 is 2. User 3 has item 1 alone.
  const data::Split split = split_of(4, 3, {{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 1}});
  const Eigen::MatrixXd scores = scores_by(*fit_item_knn(split, 1, 3).ranker, split);
  EXPECT_NEAR(scores(3, 0), 1 / (std::sqrt(1.0 * 4) + 3), 1e-6);
  EXPECT_NEAR(scores(3, 2), 2 / (std::sqrt(2.0 * 4) + 3), 1e-6);
  EXPECT_EQ(scores(0, 1), 0) << "user 0 has no neighbour of item 1";
}

TEST(Rp3beta, WalksThreeStepsAndDividesByPopularity) {
  // From item i to a user of it, to another item: (1/n_i)^alpha sum (1/n_u)^alpha / n_j^beta.
  const data::Split split = small();
  const double alpha = 0.8;
  const double beta = 0.3;
  const Eigen::MatrixXd scores = scores_by(*fit_rp3beta(split, 10, alpha, beta).ranker, split);
  const auto weight = [&](double from, double to, std::vector<double> users) {
    double sum = 0;
    for (const double items : users) sum += std::pow(items, -alpha);
    return std::pow(from, -alpha) * sum / std::pow(to, beta);
  };
  EXPECT_NEAR(scores(3, 1), weight(3, 4, {2, 3}),
              1e-6);  // user 3 has item 0; users 0 and 1, of 2 and 3 items, have both
  EXPECT_NEAR(scores(3, 2), weight(3, 2, {3}), 1e-6);
  EXPECT_EQ(scores(3, 3), 0);
  EXPECT_NEAR(scores(4, 1), weight(2, 4, {3}) + weight(2, 4, {2}), 1e-6);  // from 2 by user 1, from 3 by user 2

  const Eigen::MatrixXd largest = scores_by(*fit_rp3beta(split, 1, alpha, beta).ranker, split);
  EXPECT_NEAR(largest(3, 1), weight(3, 4, {2, 3}), 1e-6);  // item 0 keeps its weight to 1 alone
  EXPECT_EQ(largest(3, 2), 0);
}

TEST(InfinityAe, IsKernelRidgeRegressionWithTheTangentKernelOfOneHiddenLayer) {
  // Users 0 and 1 share one of their two items each; user 2 shares nothing.
  const data::Split split = split_of(3, 4, {{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 3}});
  const double l2 = 0.5;
  const Baseline fitted = fit_infinity_ae(split, l2);
  const double pi = std::numbers::pi;
  // |x| |y| (2 u (pi - acos u) + sqrt(1 - u^2)) / pi, at u = 1, 1/2, 0.
  const double same = 2;
  const double half = (pi - std::acos(0.5) + std::sqrt(0.75)) / pi;
  const double none = 1 / pi;
  Eigen::MatrixXd kernel(3, 3);
  kernel << 2 * same, 2 * half, std::sqrt(2.0) * none,  //
      2 * half, 2 * same, std::sqrt(2.0) * none,        //
      std::sqrt(2.0) * none, std::sqrt(2.0) * none, same;
  const double ridge = l2 * (2 * same + 2 * same + same) / 3;
  const Eigen::MatrixXd x = matrix_of(split);
  const Eigen::MatrixXd expected = kernel * (kernel + ridge * Eigen::MatrixXd::Identity(3, 3)).inverse() * x;
  EXPECT_LT((scores_by(*fitted.ranker, split) - expected).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(Baselines, RefuseMoreThanTheirMatricesCanHoldAndNameWhatCan) {
  data::Split split = split_of(200'000, 200'000, {{0, 0}});
  for (const auto& fit :
       {+[](const data::Split& s) { fit_ease(s, 1); }, +[](const data::Split& s) { fit_infinity_ae(s, 1); }})
    try {
      fit(split);
      ADD_FAILURE();
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), HasSubstr("200000 x 200000"));
      EXPECT_THAT(error.what(), HasSubstr("item_knn and rp3beta do without"));
    }
}

/// Scores that the test gives. [users, items]
class GivenScores final : public RowRanker {
 public:
  GivenScores(std::vector<std::vector<float>> scores)
      : RowRanker(static_cast<std::uint32_t>(scores.front().size())), scores_(std::move(scores)) {}
  double inference_flops() const override { return 0; }

 private:
  void score_items(std::uint32_t user, std::span<float> row) const override {
    std::copy(scores_[user].begin(), scores_[user].end(), row.begin());
  }
  std::vector<std::vector<float>> scores_;
};

TEST(RowRanker, RanksAmongAllAmongUnseenAndAmongCandidatesWithTiesAgainstTheHeldOut) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const GivenScores ranker({{5, 1, 3, 3, 0}, {nan, 1, 2, 3, 4}});
  const std::vector<Interaction> held_out = {{0, 2}, {0, 0}, {1, 0}, {1, 3}};
  RankingQueries queries;
  queries.held_out = held_out;
  EXPECT_THAT(ranker.rank(queries), ElementsAre(2u, 0u, 4u, 1u));  // a held-out NaN is the last, another's beats nobody
  const std::vector<std::uint64_t> offsets = {0, 2, 3};
  const std::vector<std::uint32_t> seen = {0, 1, 4};
  queries.seen_offsets = offsets;
  queries.seen_items = seen;
  EXPECT_THAT(ranker.rank(queries), ElementsAre(1u, 0u, 3u, 0u));
  const std::vector<std::uint32_t> candidates = {0, 3, 1, 2, 1, 2, 0, 4};
  queries.candidates = candidates;
  queries.per_query = 2;
  EXPECT_THAT(ranker.rank(queries), ElementsAre(2u, 0u, 2u, 1u));
}

}  // namespace
}  // namespace frugal::workloads
