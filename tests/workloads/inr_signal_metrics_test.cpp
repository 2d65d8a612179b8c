#include <gtest/gtest.h>

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

TEST(Seam, IsAbsentWithoutBordersAndOnAFlatSignal) {
  const std::vector<float> ramp = {0, 1, 2, 3};
  EXPECT_FALSE(seam(ramp, ramp, std::vector{4}, 1, std::vector<std::vector<int>>{{0}}));
  const std::vector<float> flat(4, 1.F);
  EXPECT_FALSE(seam(ramp, flat, std::vector{4}, 1, std::vector<std::vector<int>>{{0, 2}}));
}

}  // namespace
}  // namespace frugal::workloads
