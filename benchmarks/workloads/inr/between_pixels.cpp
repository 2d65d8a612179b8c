#include "benchmarks/workloads/inr/between_pixels.hpp"

#include <cassert>
#include <cstddef>

namespace frugal::workloads {

std::optional<double> between_pixels_mse(int grid_side, int tile_side, int channel_count, std::span<const float> rendered,
                                         std::span<const float> original) {
  if (tile_side < 2) return std::nullopt;
  const auto tile = static_cast<std::size_t>(tile_side);
  const auto grid = static_cast<std::size_t>(grid_side);
  const auto channels = static_cast<std::size_t>(channel_count);
  const std::size_t fine = 2 * tile - 1;
  assert(rendered.size() == grid * fine * grid * fine * channels);
  assert(original.size() == grid * tile * grid * tile * channels);
  double squares = 0;
  std::size_t count = 0;
  for (std::size_t y = 0; y < grid * fine; ++y)
    for (std::size_t x = 0; x < grid * fine; ++x) {
      const std::size_t r = y % fine;
      const std::size_t c = x % fine;
      if (r % 2 == 0 && c % 2 == 0) continue;  // on a pixel
      for (std::size_t k = 0; k < channels; ++k) {
        const auto pixel = [&](std::size_t row, std::size_t column) {
          const std::size_t line = (y / fine) * tile + row;
          return double{original[(line * grid * tile + (x / fine) * tile + column) * channels + k]};
        };
        const double middle = (pixel(r / 2, c / 2) + pixel(r / 2, (c + 1) / 2) + pixel((r + 1) / 2, c / 2) +
                               pixel((r + 1) / 2, (c + 1) / 2)) /
                              4;
        const double error = double{rendered[(y * grid * fine + x) * channels + k]} - middle;
        squares += error * error;
        ++count;
      }
    }
  return squares / static_cast<double>(count);
}

}  // namespace frugal::workloads
