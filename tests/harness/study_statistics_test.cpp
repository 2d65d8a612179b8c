// The statistics behind verdicts. Expected values: R 4, and limma's squeezeVar where it says so.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "benchmarks/harness/study/pooled_variance.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

TEST(Statistics, PValuesAreThoseOfTheTables) {
  EXPECT_NEAR(student_p_value(12.7062, 1), 0.05, 1e-6);
  EXPECT_NEAR(student_p_value(-2.7764451, 4), 0.05, 1e-6);
  EXPECT_EQ(student_p_value(std::numeric_limits<double>::infinity(), 2), 0);
}

TEST(Statistics, HolmComparesEachWithWhatIsLeft) {
  // 0.01 / 3, 0.01 / 2, 0.01 / 1 in the order of size; the first that is too large ends it.
  const auto significant = [](std::vector<double> p) { return holm_significant(p, 0.01); };
  EXPECT_EQ(significant({0.009, 0.003, 0.004}), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(significant({0.009, 0.003, 0.006}), (std::vector<bool>{false, true, false}));
  EXPECT_EQ(significant({0.0034, 0.0001}), (std::vector<bool>{true, true}));
  EXPECT_TRUE(significant({}).empty());
}

TEST(PooledVariance, EqualNoiseHasManyDegreesAndRecoversItsValue) {
  std::mt19937_64 random(3);
  std::chi_squared_distribution<double> chi2(2);
  std::vector<Variance> cells;
  for (int i = 0; i < 2000; ++i) cells.push_back({4 * chi2(random) / 2, 2});
  const Variance prior = fit_prior(cells)->common;
  EXPECT_NEAR(prior.value, 4, 0.7);
  EXPECT_GT(prior.degrees, 8) << "that of one cell is 2";
}

TEST(PooledVariance, UnequalNoiseIsRecoveredWithItsDegrees) {
  // Variances drawn from the model itself: 6 degrees of freedom around 4.
  std::mt19937_64 random(4);
  std::chi_squared_distribution<double> of_prior(6);
  std::chi_squared_distribution<double> of_cell(3);
  std::vector<Variance> cells;
  for (int i = 0; i < 5000; ++i) {
    const double true_variance = 4 * 6 / of_prior(random);
    cells.push_back({true_variance * of_cell(random) / 3, 3});
  }
  const Variance prior = fit_prior(cells)->common;
  EXPECT_NEAR(prior.value, 4, 0.2);
  EXPECT_NEAR(prior.degrees, 6, 0.7);
}

TEST(PooledVariance, FewerThanThreeCellsHaveNothingInCommon) {
  EXPECT_FALSE(fit_prior(std::vector<Variance>{}));
  EXPECT_FALSE(fit_prior(std::vector<Variance>{{0, 0}, {0, 0}, {0, 0}, {9, 2}}));
  EXPECT_FALSE(fit_prior(std::vector<Variance>{{9, 2}, {8, 2}}));
}

TEST(PooledVariance, AVarianceBeyondTheNumbersTellsNothingOfOthers) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Variance> without = {{9, 2}, {1, 2}, {80, 2}};
  std::vector<Variance> with = without;
  with.insert(with.end(), {{infinity, 2}, {std::nan(""), 2}});
  EXPECT_EQ(fit_prior(with)->common.value, fit_prior(without)->common.value);
}

TEST(PooledVariance, TheEvidenceIsNoMoreThanThereIs) {
  const std::optional<Prior> equal = fit_prior(std::vector<Variance>{{9, 2}, {9, 2}, {9, 3}});
  EXPECT_EQ(equal->common.degrees, 7);
  EXPECT_EQ(steadied({9, 2}, equal).degrees, 7) << "a cell's own degrees are among those of all";
  const std::optional<Prior> quiet = fit_prior(std::vector<Variance>{{0, 2}, {0, 2}, {0, 2}});
  EXPECT_EQ(quiet->common.value, 0);
  EXPECT_EQ(steadied({0, 2}, quiet).degrees, 6);
}

TEST(PooledVariance, SteadiedIsTheMeanWeightedByDegrees) {
  const Variance both = steadied({10, 2}, Prior{{4, 6}, 100});
  EXPECT_DOUBLE_EQ(both.value, (2 * 10 + 6 * 4) / 8.0);
  EXPECT_EQ(both.degrees, 8);
  EXPECT_EQ(steadied({0, 0}, Prior{{4, 6}, 100}).value, 4);
  EXPECT_EQ(steadied({10, 2}, std::nullopt).value, 10);
  EXPECT_EQ(steadied({0, 0}, std::nullopt).degrees, 0);
}

}  // namespace
}  // namespace frugal::harness
