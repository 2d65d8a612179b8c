// Antialiased bilinear resampling, the "bilinear" of Pillow: a triangle filter whose support grows with the reduction.
//
//   out[x] = sum_k w_k in[k] / sum_k w_k,   w_k = max(0, 1 - |k + 0.5 - c| / s),   c = (x + 0.5) * in / out,
//
// s = max(1, in / out), over the k whose centre lies within s of c. Width first, then height; unlike Pillow's 8-bit
// path, nothing is rounded in between.
#include <algorithm>
#include <cmath>

#include "datasets/signal/signal.hpp"

namespace frugal::data {
namespace {

struct Taps {
  int first = 0;
  std::vector<double> weights;  ///< sum to 1
};

std::vector<Taps> triangle_taps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<std::size_t>(to));
  for (int x = 0; x < to; ++x) {
    const double center = (x + 0.5) * scale;
    const int first = std::max(static_cast<int>(std::lround(center - support)), 0);
    const int end = std::min(static_cast<int>(std::lround(center + support)), from);
    Taps& tap = taps[static_cast<std::size_t>(x)];
    tap.first = first;
    double sum = 0;
    for (int k = first; k < end; ++k) {
      tap.weights.push_back(std::max(0.0, 1 - std::abs(k + 0.5 - center) / support));
      sum += tap.weights.back();
    }
    for (double& weight : tap.weights) weight /= sum;
  }
  return taps;
}

}  // namespace

Signal squash(const Signal& picture, int side) {
  if (picture.shape == std::vector<int>{side, side}) return picture;
  const auto channels = static_cast<std::size_t>(picture.channels);
  const auto in_height = static_cast<std::size_t>(picture.shape.at(0));
  const auto in_width = static_cast<std::size_t>(picture.shape.at(1));
  const auto out_width = static_cast<std::size_t>(side);

  std::vector<double> squeezed(in_height * out_width * channels, 0.0);
  const std::vector<Taps> across = triangle_taps(picture.shape[1], side);
  for (std::size_t y = 0; y < in_height; ++y) {
    for (std::size_t x = 0; x < out_width; ++x) {
      for (std::size_t k = 0; k < across[x].weights.size(); ++k) {
        const std::size_t from = (y * in_width + static_cast<std::size_t>(across[x].first) + k) * channels;
        const std::size_t to = (y * out_width + x) * channels;
        for (std::size_t c = 0; c < channels; ++c) squeezed[to + c] += across[x].weights[k] * picture.values[from + c];
      }
    }
  }

  const std::size_t row = out_width * channels;
  Signal result{picture, {}};
  result.shape = {side, side};
  result.values.resize(out_width * row);
  const std::vector<Taps> down = triangle_taps(picture.shape[0], side);
  std::vector<double> sums(row);
  for (std::size_t y = 0; y < out_width; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t k = 0; k < down[y].weights.size(); ++k) {
      const double* const from = squeezed.data() + (static_cast<std::size_t>(down[y].first) + k) * row;
      for (std::size_t i = 0; i < row; ++i) sums[i] += down[y].weights[k] * from[i];
    }
    std::transform(sums.begin(), sums.end(), result.values.begin() + static_cast<std::ptrdiff_t>(y * row),
                   [](double sum) { return static_cast<float>(sum); });
  }
  return result;
}

}  // namespace frugal::data
