#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "benchmarks/workloads/inr/tiling.hpp"

namespace frugal::workloads {
namespace {

std::vector<float> counting(std::size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 0.F);
  return values;
}

std::size_t samples(const std::vector<int>& shape) {
  return static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>()));
}

TEST(InrTiling, OfADivisibleSizeIsThePartition) {
  const Tiling tiling({4, 6}, 2, 0);
  EXPECT_EQ(tiling.window(), (std::vector{2, 3}));
  EXPECT_EQ(tiling.networks(), 4);
  EXPECT_EQ(tiling.points(), 6);
  const std::vector<float> tiles = tiling.gather(counting(24), 1);
  EXPECT_EQ(std::vector<float>(tiles.begin() + 6, tiles.begin() + 12), (std::vector<float>{3, 4, 5, 9, 10, 11}));
}

struct TilingCase {
  std::vector<int> shape;
  int grid, overlap;
};

class InrTilings : public ::testing::TestWithParam<TilingCase> {};

TEST_P(InrTilings, CoverEverySampleAndPutItBackWhereItWas) {
  const auto& [shape, grid, overlap] = GetParam();
  ASSERT_EQ(Tiling::why_not(shape, grid, overlap), "");
  const Tiling tiling(shape, grid, overlap);
  const std::vector<float> signal = counting(2 * samples(shape));
  EXPECT_EQ(tiling.blend(tiling.gather(signal, 2), 2), signal);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    EXPECT_EQ(tiling.starts()[axis].front(), 0);
    EXPECT_EQ(tiling.starts()[axis].back() + tiling.window()[axis], shape[axis]);
  }
}

TEST_P(InrTilings, BlendWithWeightsThatSumToOneAtAnyScale) {
  const auto& [shape, grid, overlap] = GetParam();
  const Tiling tiling(shape, grid, overlap);
  const std::size_t finer = std::size_t{1} << shape.size();
  const std::vector<float> ones(static_cast<std::size_t>(tiling.networks() * tiling.points()) * finer, 1.F);
  EXPECT_EQ(tiling.blend(ones, 1, 2), std::vector<float>(samples(shape) * finer, 1.F));
}

INSTANTIATE_TEST_SUITE_P(Cases, InrTilings,
                         ::testing::Values(TilingCase{{7}, 1, 0}, TilingCase{{16}, 4, 0}, TilingCase{{17}, 4, 0},
                                           TilingCase{{23}, 5, 3}, TilingCase{{8, 12}, 4, 0}, TilingCase{{13, 9}, 3, 1},
                                           TilingCase{{12, 12}, 3, 4}, TilingCase{{6, 7, 5}, 2, 1},
                                           TilingCase{{4, 4, 4}, 4, 0}));

TEST(InrTiling, OverlapsAreBlendedByALinearRamp) {
  const Tiling tiling({6}, 2, 2);  // windows of 5, from 0 and 1
  std::vector<float> tiles(10, 0.F);
  std::fill(tiles.begin() + 5, tiles.end(), 1.F);
  const std::vector<float> blended = tiling.blend(tiles, 1);
  EXPECT_EQ(blended.front(), 0);
  EXPECT_EQ(blended.back(), 1);
  for (std::size_t i = 1; i < blended.size(); ++i) EXPECT_GE(blended[i], blended[i - 1]) << i;
  EXPECT_FLOAT_EQ(blended[2] + blended[3], 1);
}

TEST(InrTiling, FinerCoordinatesLieAroundTheSamples) {
  const Tiling tiling({4}, 2, 0);  // windows of 2: samples at -1 and 1
  EXPECT_EQ(tiling.coordinates(2), (std::vector<float>{-1.5, -0.5, 0.5, 1.5}));
  EXPECT_EQ(tiling.coordinates(1), (std::vector<float>{-1, 1}));
}

TEST(InrTiling, WhatCannotBeCutIsSaid) {
  EXPECT_NE(Tiling::why_not(std::vector{4, 8}, 5, 0).find("more than the 4 samples"), std::string::npos);
  EXPECT_NE(Tiling::why_not(std::vector{16}, 4, 5).find("overlap of 5"), std::string::npos);
  EXPECT_NE(Tiling::why_not(std::vector{8}, 2, 4).find("whole side"), std::string::npos);
  EXPECT_EQ(Tiling::why_not(std::vector{8}, 1, 4), "");
}

TEST(InrBetween, ALinearSignalInterpolatedExactlyHasNoError) {
  // One tile of 2 x 3: value 10 row + column.
  const std::vector<float> targets = {0, 1, 2, 10, 11, 12};
  std::vector<float> values;
  for (const double row : {0.0, 0.5, 1.0})
    for (const double column : {0.0, 0.5, 1.0, 1.5, 2.0}) values.push_back(static_cast<float>(10 * row + column));
  EXPECT_EQ(between_mse(values, targets, 1, std::vector{2, 3}, 1), 0);
  values[0] += 100;  // on a sample: does not count
  EXPECT_EQ(between_mse(values, targets, 1, std::vector{2, 3}, 1), 0);
  values[1] += 3;  // one of nine points between
  EXPECT_DOUBLE_EQ(*between_mse(values, targets, 1, std::vector{2, 3}, 1), 9.0 / 9);
}

TEST(InrBetween, InThreeDimensionsTheMiddleIsTheMeanOfEightCorners) {
  const std::vector<float> targets = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<float> values;
  for (int z = 0; z < 3; ++z)
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 3; ++x) values.push_back(static_cast<float>(2 * z + y) + static_cast<float>(x) / 2);
  EXPECT_EQ(between_mse(values, targets, 1, std::vector{2, 2, 2}, 1), 0);
}

TEST(InrBetween, TilesOfOneSampleHaveNothingBetween) {
  EXPECT_FALSE(between_mse(std::vector<float>(4), std::vector<float>(4), 4, std::vector{1, 1}, 1));
}

}  // namespace
}  // namespace frugal::workloads
