// How a signal of one, two or three dimensions is cut into the tiles of an ensemble, and put together again.
//
// Along an axis of n samples the `grid` windows are all window = ceil(n / grid) + overlap samples long (at most n), and
// window i starts at round(i (n - window) / (grid - 1)). Where grid divides n and nothing overlaps, that is ENRP's
// exact partition; any other size overlaps a little. Samples under several windows are blended: their weights fall
// linearly towards the ends of a window and sum to 1.
//
// Tiles are in row-major order, and so are the samples of a tile: arrays of tiles are [networks, window..., channels].
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace frugal::workloads {

class Tiling {
 public:
  /// Requires why_not() to have nothing to say.
  Tiling(std::vector<int> shape, int grid, int overlap);

  /// Why a signal of that shape cannot be cut so; empty when it can.
  static std::string why_not(std::span<const int> shape, int grid, int overlap);

  const std::vector<int>& shape() const { return shape_; }
  const std::vector<int>& window() const { return window_; }
  /// First samples of the windows along each axis.
  const std::vector<std::vector<int>>& starts() const { return starts_; }
  std::int64_t networks() const;
  std::int64_t points() const;  ///< samples of a window

  /// The samples of each tile of a signal [shape..., channels].
  std::vector<float> gather(std::span<const float> signal, int channels) const;

  /// Local coordinates of the samples of a tile, `scale` times as many along each axis, [points * scale^d, d]. Sample j
  /// of the finer signal lies at (j + 1/2) / scale - 1/2 in samples of the original; sample i of n of a window lies at
  /// -1 + 2 i / (n - 1).
  std::vector<float> coordinates(int scale = 1) const;

  /// The signal, `scale` times finer, [shape * scale..., channels], of the values of the tiles at coordinates(scale).
  std::vector<float> blend(std::span<const float> tiles, int channels, int scale = 1) const;

 private:
  std::vector<int> shape_, window_;
  std::vector<std::vector<int>> starts_;
};

/// Coordinates half-way between the samples of a window too: 2 n - 1 points along an axis of n samples.
std::vector<float> between_coordinates(std::span<const int> window);

/// Is a network a continuous function or a look-up table of its samples? Mean squared error over the points half-way
/// between samples along at least one axis, against multilinear interpolation of the targets. values [networks,
/// 2 window - 1..., channels] at between_coordinates; targets [networks, window..., channels]. Absent for windows of
/// one sample.
std::optional<double> between_mse(std::span<const float> values, std::span<const float> targets, std::int64_t networks,
                                  std::span<const int> window, int channels);

}  // namespace frugal::workloads
