#include "impl/common/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace frugal {
namespace {

TEST(HitRate, CountsRanksBelowK) {
  const std::vector<std::uint32_t> ranks{0, 9, 10, 99};
  EXPECT_DOUBLE_EQ(*hit_rate(ranks, 10), 0.5);
  EXPECT_DOUBLE_EQ(*hit_rate(ranks, 1), 0.25);
  EXPECT_FALSE(hit_rate(std::span<const std::uint32_t>(), 10));
}

TEST(Ndcg, DiscountsByLogOfPosition) {
  const std::vector<std::uint32_t> ranks{0, 2, 10};
  EXPECT_DOUBLE_EQ(*ndcg(ranks, 10), (1.0 + 0.5 + 0.0) / 3);
}

TEST(Auc, PerfectReversedAndConstantScorer) {
  const std::vector<float> labels{0, 0, 1, 1};
  EXPECT_DOUBLE_EQ(*auc(std::vector<float>{1, 2, 3, 4}, labels), 1.0);
  EXPECT_DOUBLE_EQ(*auc(std::vector<float>{4, 3, 2, 1}, labels), 0.0);
  EXPECT_DOUBLE_EQ(*auc(std::vector<float>{7, 7, 7, 7}, labels), 0.5);
}

TEST(Auc, TiesCountHalf) {
  // Pairs (positive, negative): (2,1) won, (2,2) tied, (3,1) won, (3,2) won: 3.5 of 4.
  EXPECT_DOUBLE_EQ(*auc(std::vector<float>{1, 2, 2, 3}, std::vector<float>{0, 0, 1, 1}), 0.875);
}

TEST(Auc, AbsentWithOneClassOrNonFiniteScores) {
  EXPECT_FALSE(auc(std::vector<float>{1, 2}, std::vector<float>{1, 1}));
  EXPECT_FALSE(auc(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}, std::vector<float>{0, 1}));
}

TEST(LogLoss, MatchesTheDefinitionAndSurvivesLargeLogits) {
  EXPECT_NEAR(*log_loss(std::vector<float>{0, 0}, std::vector<float>{0, 1}), std::log(2.0), 1e-15);
  EXPECT_DOUBLE_EQ(*log_loss(std::vector<float>{1000, -1000}, std::vector<float>{0, 1}), 1000.0);
}

TEST(Psnr, OneLevelOffEverywhereIs48dB) {
  const std::vector<float> original(300, -1.F);
  const std::vector<float> picture(300, -1.F + 2.F / 255.F);
  EXPECT_NEAR(*psnr_in_bits(picture, original, 8), 20 * std::log10(255.0), 1e-12);
}

TEST(Psnr, ClipsToTheRangeAndHasACapForAnExactReconstruction) {
  const std::vector<float> original(12, 1.F);
  EXPECT_EQ(psnr_in_bits(std::vector<float>(12, 5.F), original, 8), psnr_of_exact);
  EXPECT_EQ(psnr_enrp(0), psnr_of_exact);
  EXPECT_EQ(psnr_enrp(1e-30), psnr_of_exact) << "never more than that of no error";
}

TEST(Psnr, OfAnythingInexactIsBelowTheCap) {
  std::vector<float> values(1 << 20, 0.5F);
  const std::vector<float> original = values;
  values[7] += 2.F / 65535;
  EXPECT_LT(*psnr_in_bits(values, original, 16), 160);
}

TEST(Psnr, IsAbsentWhereAValueIsNotFinite) {
  const std::vector<float> original(12, 1.F);
  EXPECT_FALSE(psnr_in_bits(std::vector<float>(12, std::numeric_limits<float>::quiet_NaN()), original, 8));
  EXPECT_FALSE(psnr_enrp(std::numeric_limits<double>::infinity()));
}

TEST(Psnr, EnrpIsSixDecibelsBelowTheStandardOne) {
  // Peak 1 instead of the 2 that values in [-1, 1] span: 20 log10 2 = 6.02 dB.
  EXPECT_NEAR(*psnr_enrp(1e-3), 30, 1e-12);
  EXPECT_FALSE(psnr_enrp(std::numeric_limits<double>::quiet_NaN()));
}

TEST(Mssim, IsOneForIdenticalAndKnownForConstantPictures) {
  const std::vector<float> a(16 * 16, -0.5F);
  EXPECT_NEAR(*mssim(a, a, 16, 16, 1), 1, 1e-12);
  // Without variance only the luminance term is left, of levels in [0, 1]: (2 ab + c1) / (a^2 + b^2 + c1).
  const std::vector<float> b(16 * 16, 0.5F);
  EXPECT_NEAR(*mssim(a, b, 16, 16, 1), (2 * .25 * .75 + 1e-4) / (.25 * .25 + .75 * .75 + 1e-4), 1e-9);
}

TEST(Mssim, OneWindowFollowsTheGaussianWeights) {
  // A single white pixel at the centre of the only window, else black: its mean is its weight g, its variance g - g^2.
  const std::vector<float> black(11 * 11, -1);
  std::vector<float> a = black;
  a[5 * 11 + 5] = 3;  // clipped
  double taps = 0;
  for (int t = -5; t <= 5; ++t) taps += std::exp(-t * t / (2 * 1.5 * 1.5));
  const double g = 1 / (taps * taps);
  const double c1 = 0.01 * 0.01;
  const double c2 = 0.03 * 0.03;
  EXPECT_NEAR(*mssim(a, black, 11, 11, 1), c1 * c2 / ((g * g + c1) * (g - g * g + c2)), 1e-12);
}

TEST(Mssim, InvertedContrastIsNegativeAndSmallPicturesHaveNone) {
  std::vector<float> a(32 * 32), b(32 * 32);
  for (int i = 0; i < 32 * 32; ++i) {
    a[i] = (i / 32 + i % 32) % 2 ? .5F : -.5F;
    b[i] = -a[i];
  }
  EXPECT_LT(*mssim(a, b, 32, 32, 1), -0.9);
  std::vector<float> broken = a;
  broken[40] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(mssim(broken, a, 32, 32, 1));
  EXPECT_FALSE(mssim(std::vector<float>(100), std::vector<float>(100), 10, 10, 1));
}

TEST(GroupedRanking, CountsEachUserOnceAndLeavesOutThoseWithoutHeldOutItems) {
  // User a: ranks 0 and 20; b: none; c: rank 3.
  const std::vector<std::uint32_t> ranks{0, 20, 3};
  const std::vector<std::uint64_t> offsets{0, 2, 2, 3};
  const GroupedRanks users{ranks, offsets};
  EXPECT_DOUBLE_EQ(hit_rate(users, 2).value(), 0.5);
  EXPECT_DOUBLE_EQ(recall(users, 10).value(), (0.5 + 1) / 2);
  EXPECT_DOUBLE_EQ(recall(users, 1).value(), 0.5) << "one fits: one of one, and none of one";
  EXPECT_DOUBLE_EQ(mean_reciprocal_rank(users).value(), (1 + 0.25) / 2);
  const double best_of_two = 1 + 1 / std::log2(3.0);
  EXPECT_DOUBLE_EQ(ndcg(users, 10).value(), (1 / best_of_two + 1 / std::log2(5.0)) / 2);
  const std::vector<std::uint64_t> nobody{0, 0};
  EXPECT_FALSE(hit_rate(GroupedRanks{{}, nobody}, 10));
}

TEST(Calibration, RatioAndErrorOfKnownProbabilities) {
  // Logit 0 is one half: 2 predicted, 1 clicked.
  const std::vector<float> half{0, 0, 0, 0};
  const std::vector<float> one{1, 0, 0, 0};
  EXPECT_DOUBLE_EQ(calibration_ratio(half, one).value(), 2);
  EXPECT_DOUBLE_EQ(calibration_error(half, one, 1).value(), 0.25);
  const std::vector<float> sure{20, -20, 20, -20};
  const std::vector<float> right{1, 0, 1, 0};
  EXPECT_NEAR(calibration_error(sure, right, 2).value(), 0, 1e-8);
  const std::vector<float> wrong{0, 1, 0, 1};
  EXPECT_NEAR(calibration_error(sure, wrong, 2).value(), 1, 1e-8);
  EXPECT_NEAR(calibration_error(sure, wrong, 1).value(), 0, 1e-8) << "one bin sees the mean only";
  EXPECT_FALSE(calibration_ratio(half, std::vector<float>(4)));
}

}  // namespace
}  // namespace frugal
