// Where the error of an ensemble lies: by tile, at the edges of tiles, across their borders.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace frugal::workloads {

/// Mean square errors, each sum (value - target)^2 / count over samples and channels.
struct TileErrors {
  std::vector<double> of_tile;   ///< [networks]
  std::optional<double> border;  ///< samples at an end of the window along any axis; absent for one network
  std::optional<double> inner;   ///< the others, or all of one network; absent where there are none
};

/// values and targets [networks, window..., channels] in [-1, 1]. Every axis is cut, or none: one network has no
/// border.
TileErrors tile_errors(std::span<const float> values, std::span<const float> targets, std::int64_t networks,
                       std::span<const int> window, int channels);

/// How visible tile borders are: r(values) / r(original), with r(v) the mean |v[p] - v[p - 1]| across borders (p the
/// first sample of a tile but the first, along its axis) over the mean of all other steps along the axes that have
/// borders. 1: as in the original. starts[axis]: first samples of the tiles. values and original [shape..., channels].
/// Absent without borders, where what would be divided by is 0, and where a value is not finite.
std::optional<double> seam(std::span<const float> values, std::span<const float> original, std::span<const int> shape,
                           int channels, std::span<const std::vector<int>> starts);

}  // namespace frugal::workloads
