#include <gtest/gtest.h>

#include <limits>

#include "benchmarks/workloads/inr/signal_metrics.hpp"

namespace frugal::workloads {
namespace {

TEST(TileErrors, TellTilesEdgesAndTheInsideApart) {
  // Two tiles of 3 x 3; of the first only the centre is wrong, of the second one corner.
  const std::vector<float> targets(18, 0.F);
  std::vector<float> values = targets;
  values[4] = 3;
  values[9] = 4;
  const TileErrors errors = tile_errors(values, targets, 2, std::vector{3, 3}, 1);
  EXPECT_EQ(errors.of_tile, (std::vector<double>{1, 16.0 / 9}));
  EXPECT_DOUBLE_EQ(*errors.inner, 9.0 / 2);
  EXPECT_DOUBLE_EQ(*errors.border, 1);
}

TEST(TileErrors, OneNetworkHasNoBorderAndThinTilesNoInside) {
  const std::vector<float> zeros(16, 0.F);
  EXPECT_FALSE(tile_errors(zeros, zeros, 1, std::vector{4, 4}, 1).border);
  EXPECT_FALSE(tile_errors(zeros, zeros, 2, std::vector{2, 2, 2}, 1).inner);
}

TEST(TileErrors, KnowTheInsideOfALine) {
  // Two tiles of 4 samples in two channels; inside of each are samples 1 and 2.
  std::vector<float> values(16, 0.F);
  values[2] = 1;    // tile 0, sample 1
  values[15] = -2;  // tile 1, sample 3, an end
  const TileErrors errors = tile_errors(values, std::vector<float>(16, 0.F), 2, std::vector{4}, 2);
  EXPECT_EQ(errors.of_tile, (std::vector<double>{1.0 / 8, 4.0 / 8}));
  EXPECT_DOUBLE_EQ(*errors.inner, 1.0 / 8);
  EXPECT_DOUBLE_EQ(*errors.border, 4.0 / 8);
}

TEST(TileErrors, KnowTheInsideOfACube) {
  // Two tiles of 3 x 3 x 4: inside of each are (1, 1, 1) and (1, 1, 2), samples 17 and 18 of 36.
  std::vector<float> values(72, 0.F);
  values[17] = 2;  // inside
  values[5] = 1;   // (0, 1, 1): at an end of the first axis only
  const TileErrors errors = tile_errors(values, std::vector<float>(72, 0.F), 2, std::vector{3, 3, 4}, 1);
  EXPECT_DOUBLE_EQ(*errors.inner, 4.0 / 4);
  EXPECT_DOUBLE_EQ(*errors.border, 1.0 / 68);
}

TEST(TileErrors, OfOneNetworkAreAllInside) {
  std::vector<float> values(9, 0.F);
  values[0] = 3;
  EXPECT_DOUBLE_EQ(*tile_errors(values, std::vector<float>(9, 0.F), 1, std::vector{3, 3}, 1).inner, 1);
}

TEST(Seam, IsOneForTheOriginalItself) {
  const std::vector<float> ramp = {0, 1, 3, 4, 9, 2};
  const std::vector<std::vector<int>> starts = {{0, 3}};
  EXPECT_EQ(seam(ramp, ramp, std::vector{6}, 1, starts), 1);
}

TEST(Seam, GrowsWithAJumpBetweenTiles) {
  const std::vector<float> original = {0, 1, 2, 3, 4, 5};
  const std::vector<float> jump = {0, 1, 2, 5, 6, 7};  // 3 where the original has 1
  const std::vector<std::vector<int>> starts = {{0, 3}};
  EXPECT_DOUBLE_EQ(*seam(jump, original, std::vector{6}, 1, starts), 3);
}

TEST(Seam, LooksAlongEveryAxis) {
  // 2 x 4, tiles of 1 x 2: every vertical step and one horizontal step of three cross a border.
  const std::vector<float> original = {0, 1, 2, 3, 1, 2, 3, 4};
  const std::vector<float> found = {0, 1, 3, 4, 2, 3, 5, 6};  // crossing steps are 2 instead of 1
  const std::vector<std::vector<int>> starts = {{0, 1}, {0, 2}};
  EXPECT_DOUBLE_EQ(*seam(found, original, std::vector{2, 4}, 1, starts), 2);
}

TEST(Seam, LooksThroughAVolume) {
  // 1 x 2 x 4 in tiles of 1 x 1 x 2: borders along the second and the third axis. All steps of the original are 1; of
  // the other, the four down are 3, the two across 3, the four inside 2.
  const std::vector<float> original = {0, 1, 2, 3, 1, 2, 3, 4};
  const std::vector<float> found = {0, 2, 5, 7, 3, 5, 8, 10};
  const std::vector<std::vector<int>> starts = {{0}, {0, 1}, {0, 2}};
  EXPECT_DOUBLE_EQ(*seam(found, original, std::vector{1, 2, 4}, 1, starts), 1.5);
}

TEST(Seam, TakesEachChannelForItself) {
  // Two channels with steps of 1 and 3: 2 on average; across the border 1 and 7, so twice as much.
  const std::vector<float> original = {0, 0, 1, 3, 2, 6, 3, 9};
  const std::vector<float> found = {0, 0, 1, 3, 2, 10, 3, 13};
  EXPECT_DOUBLE_EQ(*seam(found, original, std::vector{4}, 2, std::vector<std::vector<int>>{{0, 2}}), 2);
}

TEST(Seam, ComparesAlongTheAxesThatHaveBorders) {
  // 2 x 4 cut along the second axis only: the steps of 9 down the first do not count.
  const std::vector<float> original = {0, 1, 2, 3, 1, 2, 3, 4};
  const std::vector<float> found = {0, 1, 3, 4, 9, 10, 12, 13};  // 2 across the border, 1 elsewhere along the axis
  const std::vector<std::vector<int>> starts = {{0}, {0, 2}};
  EXPECT_DOUBLE_EQ(*seam(found, original, std::vector{2, 4}, 1, starts), 2);
}

TEST(Seam, IsAbsentWhereAValueIsNotFinite) {
  const std::vector<float> ramp = {0, 1, 2, 3};
  const std::vector<float> diverged = {0, 1, std::numeric_limits<float>::quiet_NaN(), 3};
  EXPECT_FALSE(seam(diverged, ramp, std::vector{4}, 1, std::vector<std::vector<int>>{{0, 2}}));
}

TEST(Seam, IsAbsentWithoutBordersAndOnAFlatSignal) {
  const std::vector<float> ramp = {0, 1, 2, 3};
  EXPECT_FALSE(seam(ramp, ramp, std::vector{4}, 1, std::vector<std::vector<int>>{{0}}));
  const std::vector<float> flat(4, 1.F);
  EXPECT_FALSE(seam(ramp, flat, std::vector{4}, 1, std::vector<std::vector<int>>{{0, 2}}));
}

}  // namespace
}  // namespace frugal::workloads
