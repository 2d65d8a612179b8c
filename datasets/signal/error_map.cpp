#include <algorithm>
#include <array>
#include <cmath>

#include "datasets/signal/signal.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

/// Light of a linear intensity as sRGB stores it (IEC 61966-2-1).
double srgb(double linear) { return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055; }

/// The colour of glowing metal at t in [0, 1]: red fills up first, then green, then blue, so that with the weights of
/// the three in luminance (Rec. 709) every luminance has one colour. It is chosen so that CIE lightness, 100 t, grows
/// as evenly as the eye sees it: Y = ((L + 16) / 116)^3, and L / 903.3 below L = 8.
std::array<double, 3> glow(double t) {
  const double lightness = 100 * t;
  double luminance = lightness > 8 ? std::pow((lightness + 16) / 116, 3) : lightness / 903.3;
  std::array<double, 3> colour{};
  constexpr std::array<double, 3> weights{0.2126, 0.7152, 0.0722};
  for (std::size_t c = 0; c < 3; ++c) {
    const double part = std::clamp(luminance / weights[c], 0.0, 1.0);
    luminance -= part * weights[c];
    colour[c] = srgb(part);
  }
  return colour;
}

}  // namespace

Signal error_map(const Signal& original, const Signal& reconstruction, double white) {
  if (original.shape.size() != 2 || original.shape != reconstruction.shape ||
      original.channels != reconstruction.channels) {
    throw UserError("an error map compares two pictures of one shape");
  }
  if (!(white > 0)) throw UserError("an error map needs a positive error to show as white");
  Signal map{{.shape = original.shape, .channels = 3, .bits = 8}, {}};
  const auto channels = static_cast<std::size_t>(original.channels);
  map.values.reserve(3 * original.samples());
  for (std::size_t pixel = 0; pixel < original.samples(); ++pixel) {
    double share = 0;
    for (std::size_t i = pixel * channels; i < (pixel + 1) * channels; ++i) {
      const double error = std::abs(static_cast<double>(original.values[i]) - reconstruction.values[i]) / white;
      share = error < 1 ? std::max(share, error) : 1;  // NaN is white
    }
    for (const double part : glow(share)) map.values.push_back(static_cast<float>(2 * part - 1));
  }
  return map;
}

}  // namespace frugal::data
