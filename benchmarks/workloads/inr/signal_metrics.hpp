// Where the error of an ensemble lies: by tile, at the edges of tiles, across their borders.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace frugal::workloads {

/// Mean square errors.
struct TileErrors {
  std::vector<double> of_tile;
  std::optional<double> border;  ///< samples at an end of the window along any axis; absent for one network
  std::optional<double> inner;   ///< the others; absent where there are none
};

/// values and targets [networks, window..., channels].
TileErrors tile_errors(std::span<const float> values, std::span<const float> targets, std::int64_t networks,
                       std::span<const int> window, int channels);

/// How visible tile borders are: r(values) / r(original), with r(v) the mean |v[p] - v[p - 1]| across borders (p the
/// first sample of a tile but the first, along its axis) over the mean of all other steps along the axes. 1: as in the
/// original. starts[axis]: first samples of the tiles. values and original [shape..., channels]. Absent without
/// borders, and where a mean is 0.
std::optional<double> seam(std::span<const float> values, std::span<const float> original, std::span<const int> shape,
                           int channels, std::span<const std::vector<int>> starts);

}  // namespace frugal::workloads
