#include <gtest/gtest.h>

#include "benchmarks/workloads/inr/between_pixels.hpp"

namespace frugal::workloads {
namespace {

TEST(BetweenPixels, ALinearPictureInterpolatedExactlyHasNoError) {
  // Within each tile: 10 * tile + row + column / 4 at whole pixels, so half steps in between.
  std::vector<float> original(36);
  std::vector<float> fine(100);
  const auto value = [](std::size_t tile_row, std::size_t tile_column, double row, double column) {
    return static_cast<float>(10 * static_cast<double>(tile_row + 3 * tile_column) + row + column / 4);
  };
  for (std::size_t y = 0; y < 6; ++y)
    for (std::size_t x = 0; x < 6; ++x)
      original[y * 6 + x] = value(y / 3, x / 3, static_cast<double>(y % 3), static_cast<double>(x % 3));
  for (std::size_t y = 0; y < 10; ++y)
    for (std::size_t x = 0; x < 10; ++x)
      fine[y * 10 + x] = value(y / 5, x / 5, static_cast<double>(y % 5) / 2, static_cast<double>(x % 5) / 2);
  EXPECT_EQ(between_pixels_mse(2, 3, 1, fine, original), 0);
}

TEST(BetweenPixels, PixelsThemselvesDoNotCount) {
  const std::vector<float> original = {0, 1, 2, 3};
  // Corners are on pixels; edges and the centre are between.
  const std::vector<float> fine = {9, 0.5, 9, 1, 1.5, 2, 9, 2.5, 9};
  EXPECT_EQ(between_pixels_mse(1, 2, 1, fine, original), 0);
  const std::vector<float> off = {0, 0.5, 1, 1, 2.5, 2, 2, 2.5, 3};
  EXPECT_DOUBLE_EQ(*between_pixels_mse(1, 2, 1, off, original), 1.0 / 5);
}

TEST(BetweenPixels, ATileOfOnePixelHasNone) {
  EXPECT_FALSE(between_pixels_mse(2, 1, 1, std::vector<float>(4), std::vector<float>(4)));
}

}  // namespace
}  // namespace frugal::workloads
