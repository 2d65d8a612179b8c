#include "benchmarks/workloads/inr/tiling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "impl/common/inr/layout.hpp"

namespace frugal::workloads {
namespace {

/// An index of up to three dimensions; those beyond the signal's are 0.
using Index = std::array<std::int64_t, 3>;

std::int64_t size_of(std::span<const int> shape) {
  std::int64_t size = 1;
  for (const int n : shape) size *= n;
  return size;
}

/// body(index) for each element of an array of that shape, in row-major order.
template <class Body>
void for_each_index(std::span<const int> shape, const Body& body) {
  Index index{};
  const std::int64_t size = size_of(shape);
  for (std::int64_t i = 0; i < size; ++i) {
    body(index);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

std::int64_t flat(const Index& index, std::span<const int> shape) {
  std::int64_t at = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) at = at * shape[d] + index[d];
  return at;
}

std::vector<int> times(std::vector<int> shape, int factor) {
  for (int& n : shape) n *= factor;
  return shape;
}

/// Weights of a window of n samples along one axis, up to a factor: they matter where windows overlap.
double ramp(std::int64_t i, int n) { return std::min(static_cast<double>(i), static_cast<double>(n - 1 - i)) + 0.5; }

/// body(first sample of the tile) for each tile, in order.
template <class Body>
void for_each_tile(const std::vector<std::vector<int>>& starts, const Body& body) {
  std::vector<int> grid;
  grid.reserve(starts.size());
  for (const auto& axis : starts) grid.push_back(static_cast<int>(axis.size()));
  for_each_index(grid, [&](const Index& tile) {
    Index first{};
    for (std::size_t d = 0; d < starts.size(); ++d) first[d] = starts[d][static_cast<std::size_t>(tile[d])];
    body(first);
  });
}

int window_of(int n, int grid, int overlap) { return std::min(n, (n + grid - 1) / grid + overlap); }

}  // namespace

std::string Tiling::why_not(std::span<const int> shape, int grid, int overlap) {
  for (const int n : shape) {
    if (grid > n) return fmt::format("grid {} is more than the {} samples of a side", grid, n);
    const int tile = (n + grid - 1) / grid;
    if (grid > 1 && overlap > tile)
      return fmt::format("an overlap of {} samples is more than the {} of a tile", overlap, tile);
    if (grid > 1 && window_of(n, grid, overlap) == n)
      return fmt::format("with grid {} and overlap {} every tile would be the whole side of {} samples", grid, overlap,
                         n);
  }
  return {};
}

Tiling::Tiling(std::vector<int> shape, int grid, int overlap) : shape_(std::move(shape)) {
  assert(why_not(shape_, grid, overlap).empty());
  for (const int n : shape_) {
    const int window = window_of(n, grid, overlap);
    std::vector<int> starts(static_cast<std::size_t>(grid));
    for (int i = 1; i < grid; ++i)
      starts[static_cast<std::size_t>(i)] = static_cast<int>(std::lround(double(i) * (n - window) / (grid - 1)));
    window_.push_back(window);
    starts_.push_back(std::move(starts));
  }
}

std::int64_t Tiling::networks() const {
  std::int64_t networks = 1;
  for (const auto& axis : starts_) networks *= static_cast<std::int64_t>(axis.size());
  return networks;
}

std::int64_t Tiling::points() const { return size_of(window_); }

std::vector<float> Tiling::gather(std::span<const float> signal, int channels) const {
  assert(static_cast<std::int64_t>(signal.size()) == size_of(shape_) * channels);
  std::vector<float> tiles(static_cast<std::size_t>(networks() * points() * channels));
  auto to = tiles.begin();
  for_each_tile(starts_, [&](const Index& first) {
    for_each_index(window_, [&](const Index& in_tile) {
      Index at{};
      for (std::size_t d = 0; d < shape_.size(); ++d) at[d] = first[d] + in_tile[d];
      to = std::copy_n(signal.begin() + flat(at, shape_) * channels, channels, to);
    });
  });
  return tiles;
}

std::vector<float> Tiling::coordinates(int scale) const {
  if (scale == 1) return grid_coordinates(window_);
  std::vector<float> coordinates;
  for_each_index(times(window_, scale), [&](const Index& in_tile) {
    for (std::size_t d = 0; d < window_.size(); ++d) {
      const double sample = (static_cast<double>(in_tile[d]) + 0.5) / scale - 0.5;
      coordinates.push_back(window_[d] == 1 ? 0.F : static_cast<float>(-1 + 2 * sample / (window_[d] - 1)));
    }
  });
  return coordinates;
}

std::vector<float> Tiling::blend(std::span<const float> tiles, int channels, int scale) const {
  const std::vector<int> shape = times(shape_, scale);
  const std::vector<int> window = times(window_, scale);
  assert(static_cast<std::int64_t>(tiles.size()) == networks() * size_of(window) * channels);
  std::vector<double> sums(static_cast<std::size_t>(size_of(shape) * channels));
  std::vector<double> weights(static_cast<std::size_t>(size_of(shape)));
  auto from = tiles.begin();
  for_each_tile(starts_, [&](const Index& first) {
    for_each_index(window, [&](const Index& in_tile) {
      Index at{};
      double weight = 1;
      for (std::size_t d = 0; d < shape.size(); ++d) {
        at[d] = first[d] * scale + in_tile[d];
        weight *= ramp(in_tile[d], window[d]);
      }
      const auto sample = static_cast<std::size_t>(flat(at, shape));
      weights[sample] += weight;
      for (int c = 0; c < channels; ++c)
        sums[sample * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)] += weight * double{*from++};
    });
  });
  std::vector<float> signal(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i)
    signal[i] = static_cast<float>(sums[i] / weights[i / static_cast<std::size_t>(channels)]);
  return signal;
}

std::vector<float> between_coordinates(std::span<const int> window) {
  std::vector<int> fine(window.begin(), window.end());
  for (int& n : fine) n = 2 * n - 1;
  return grid_coordinates(fine);
}

std::optional<double> between_mse(std::span<const float> values, std::span<const float> targets, std::int64_t networks,
                                  std::span<const int> window, int channels) {
  std::vector<int> fine(window.begin(), window.end());
  for (int& n : fine) n = 2 * n - 1;
  const std::int64_t points = size_of(window);
  assert(static_cast<std::int64_t>(values.size()) == networks * size_of(fine) * channels);
  assert(static_cast<std::int64_t>(targets.size()) == networks * points * channels);
  double squares = 0;
  std::size_t count = 0;
  auto value = values.begin();
  for (std::int64_t k = 0; k < networks; ++k) {
    for_each_index(fine, [&](const Index& at) {
      const bool on_sample = std::all_of(at.begin(), at.end(), [](std::int64_t i) { return i % 2 == 0; });
      for (int c = 0; c < channels; ++c, ++value) {
        if (on_sample) continue;
        // The corners around it; along an axis on which it lies on a sample both are that sample.
        double middle = 0;
        const std::size_t corners = std::size_t{1} << window.size();
        for (std::size_t corner = 0; corner < corners; ++corner) {
          Index sample{};
          for (std::size_t d = 0; d < window.size(); ++d)
            sample[d] = (at[d] + static_cast<std::int64_t>(corner >> d & 1)) / 2;
          middle += double{targets[static_cast<std::size_t>((k * points + flat(sample, window)) * channels + c)]};
        }
        const double error = double{*value} - middle / static_cast<double>(corners);
        squares += error * error;
        ++count;
      }
    });
  }
  if (count == 0) return std::nullopt;
  return squares / static_cast<double>(count);
}

}  // namespace frugal::workloads
