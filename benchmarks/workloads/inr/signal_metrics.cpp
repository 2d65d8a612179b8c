#include "benchmarks/workloads/inr/signal_metrics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace frugal::workloads {
namespace {

struct Mean {
  double sum = 0;
  std::size_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  std::optional<double> value() const {
    return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
  }
};

std::size_t samples_of(std::span<const int> shape) {
  std::size_t samples = 1;
  for (const int n : shape) samples *= static_cast<std::size_t>(n);
  return samples;
}

/// Position along an axis of the sample with that row-major index.
int position(std::size_t sample, std::span<const int> shape, std::size_t axis) {
  for (std::size_t d = shape.size() - 1; d > axis; --d) sample /= static_cast<std::size_t>(shape[d]);
  return static_cast<int>(sample % static_cast<std::size_t>(shape[axis]));
}

bool at_an_end(std::size_t sample, std::span<const int> window) {
  for (std::size_t axis = 0; axis < window.size(); ++axis) {
    const int i = position(sample, window, axis);
    if (i == 0 || i == window[axis] - 1) return true;
  }
  return false;
}

/// Whether a tile but the first starts there, for each position along an axis.
std::vector<bool> borders_of(const std::vector<int>& starts, int length) {
  std::vector<bool> borders(static_cast<std::size_t>(length), false);
  for (const int start : starts)
    if (start > 0) borders[static_cast<std::size_t>(start)] = true;
  return borders;
}

/// Mean step across borders over mean step elsewhere.
std::optional<double> border_ratio(std::span<const float> values, std::span<const int> shape, int channels,
                                   std::span<const std::vector<int>> starts) {
  const auto width = static_cast<std::size_t>(channels);
  Mean across, elsewhere;
  std::size_t stride = 1;  // samples between neighbours along the axis
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const std::vector<bool> borders = borders_of(starts[axis], shape[axis]);
    const bool is_cut = std::ranges::find(borders, true) != borders.end();
    for (std::size_t sample = 0; is_cut && sample < samples_of(shape); ++sample) {
      const int i = position(sample, shape, axis);
      if (i == 0) continue;
      const bool border = borders[static_cast<std::size_t>(i)];
      for (std::size_t c = 0; c < width; ++c) {
        const double step = double{values[sample * width + c]} - double{values[(sample - stride) * width + c]};
        (border ? across : elsewhere).add(std::abs(step));
      }
    }
    stride *= static_cast<std::size_t>(shape[axis]);
  }
  if (across.count == 0 || elsewhere.sum == 0) return std::nullopt;
  const double ratio = *across.value() / *elsewhere.value();
  return std::isfinite(ratio) ? std::optional(ratio) : std::nullopt;
}

}  // namespace

TileErrors tile_errors(std::span<const float> values, std::span<const float> targets, std::int64_t networks,
                       std::span<const int> window, int channels) {
  assert(values.size() == targets.size());
  const std::size_t points = samples_of(window);
  const auto width = static_cast<std::size_t>(channels);
  TileErrors errors;
  Mean border, inner;
  for (std::size_t k = 0; k < static_cast<std::size_t>(networks); ++k) {
    Mean tile;
    for (std::size_t sample = 0; sample < points; ++sample) {
      Mean& place = networks > 1 && at_an_end(sample, window) ? border : inner;
      for (std::size_t c = 0; c < width; ++c) {
        const std::size_t i = (k * points + sample) * width + c;
        const double error = double{values[i]} - double{targets[i]};
        tile.add(error * error);
        place.add(error * error);
      }
    }
    errors.of_tile.push_back(*tile.value());
  }
  errors.border = border.value();
  errors.inner = inner.value();
  return errors;
}

std::optional<double> seam(std::span<const float> values, std::span<const float> original, std::span<const int> shape,
                           int channels, std::span<const std::vector<int>> starts) {
  const std::optional<double> found = border_ratio(values, shape, channels, starts);
  const std::optional<double> expected = border_ratio(original, shape, channels, starts);
  if (!found || !expected || *expected == 0) return std::nullopt;
  return *found / *expected;
}

}  // namespace frugal::workloads
