#include "datasets/synthetic/photo.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

using Color = std::array<double, 3>;

constexpr int ridge_count = 4;

Color mix_colors(const Color& a, const Color& b, double t) {
  return {a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])};
}

/// Gradient noise (Perlin 2002) on the integer grid of `layer`, in about [-1, 1], zero at the grid points.
class GradientNoise {
 public:
  explicit GradientNoise(std::uint64_t seed) : random_(seed, Purpose::synthetic_image) {}

  double at(double x, double y, std::uint32_t layer) const {
    const double cell_x = std::floor(x);
    const double cell_y = std::floor(y);
    const double fx = x - cell_x;
    const double fy = y - cell_y;
    const auto corner = [&](int dx, int dy) {
      const auto ix = static_cast<std::uint32_t>(static_cast<std::int64_t>(cell_x) + dx);
      const auto iy = static_cast<std::uint32_t>(static_cast<std::int64_t>(cell_y) + dy);
      const double angle = 6.283185307179586 * random_.block((std::uint64_t{iy} << 32) | ix, layer)[0] * 0x1p-32;
      return std::cos(angle) * (fx - dx) + std::sin(angle) * (fy - dy);
    };
    const double sx = fade(fx);
    const double sy = fade(fy);
    const double top = corner(0, 0) + sx * (corner(1, 0) - corner(0, 0));
    const double bottom = corner(0, 1) + sx * (corner(1, 1) - corner(0, 1));
    return 1.5 * (top + sy * (bottom - top));
  }

  /// Octaves from `frequency` cycles a picture up to `limit`, each `roughness` times as strong as the one before; the
  /// last one fades in, so that the picture changes smoothly with its size. In photographs every octave is about
  /// equally strong (a power spectrum of 1/f^2: Field 1987); clouds and skylines are smoother.
  double octaves(double x, double y, double frequency, double roughness, double limit, std::uint32_t layer) const {
    double sum = 0;
    double amplitude = 1;
    while (frequency < limit) {
      sum += amplitude * std::min(1.0, limit / frequency - 1) * at(x * frequency, y * frequency, layer);
      frequency *= 2;
      amplitude *= roughness;
      ++layer;
    }
    return sum;
  }

  double uniform(std::uint32_t index) const { return random_.uniform(index, 1U << 20); }

 private:
  static double fade(double t) { return t * t * t * (t * (6 * t - 15) + 10); }

  Philox random_;
};

/// Coverage of a pixel `width` wide by the side where `distance` is positive.
double coverage(double distance, double width) { return std::clamp(0.5 + distance / width, 0.0, 1.0); }

class Scene {
 public:
  Scene(std::uint64_t seed, int size) : noise_(seed), pixel_(1.0 / size), limit_(0.5 * size) {
    sun_x_ = 0.2 + 0.6 * noise_.uniform(0);
    sun_y_ = 0.12 + 0.15 * noise_.uniform(1);
    warmth_ = noise_.uniform(2);
  }

  /// The heights of the skylines at x, from the far ridge to the near one.
  std::array<double, ridge_count> skylines(double x) const {
    std::array<double, ridge_count> heights{};
    for (int ridge = 0; ridge < ridge_count; ++ridge) {
      heights[static_cast<std::size_t>(ridge)] =
          0.35 + 0.15 * ridge + 0.11 * noise_.octaves(x, 0.37 * ridge, 2, 0.5, limit_, ridge_layer(ridge));
    }
    return heights;
  }

  Color at(double x, double y, const std::array<double, ridge_count>& skyline) const {
    const auto inside = [&](int ridge) { return coverage(y - skyline[static_cast<std::size_t>(ridge)], pixel_); };
    int first = ridge_count - 1;  // the nearest ridge that hides all behind it
    while (first >= 0 && inside(first) < 1) --first;
    Color color = first < 0 ? sky(x, y) : ground(x, y, first);
    for (int ridge = first + 1; ridge < ridge_count; ++ridge) {
      if (inside(ridge) > 0) color = mix_colors(color, ground(x, y, ridge), inside(ridge));
    }
    return color;
  }

 private:
  Color sky(double x, double y) const {
    const Color zenith{0.25, 0.40, 0.70};
    const Color haze{0.80 + 0.15 * warmth_, 0.75, 0.80 - 0.35 * warmth_};
    Color color = mix_colors(zenith, haze, std::clamp(1.6 * y, 0.0, 1.0));
    const double cloud = std::clamp(0.1 + 1.1 * noise_.octaves(x, 2 * y, 3, 0.5, limit_, 0), 0.0, 1.0);
    color = mix_colors(color, {0.93, 0.92, 0.90}, 0.8 * cloud);
    const double radius = 0.06;
    return mix_colors(color, {1.0, 0.95, 0.80}, coverage(radius - std::hypot(x - sun_x_, y - sun_y_), pixel_));
  }

  /// Nearer ridges are darker, more saturated and rougher.
  Color ground(double x, double y, int ridge) const {
    const std::uint32_t layer = ridge_layer(ridge) + 50;
    const double near = (ridge + 1.0) / ridge_count;
    const Color far_color{0.55, 0.62, 0.70};
    const Color near_color{0.20 + 0.15 * warmth_, 0.30, 0.12};
    Color color = mix_colors(far_color, near_color, near);
    const double light = noise_.octaves(x, y, 6, 0.8, limit_, layer);
    const double tint = noise_.octaves(x, y, 12, 0.8, limit_, layer + 25);
    for (std::size_t c = 0; c < 3; ++c) color[c] += near * (0.28 * light + 0.08 * (c == 1 ? tint : -tint));
    return color;
  }

  static std::uint32_t ridge_layer(int ridge) { return 100 * static_cast<std::uint32_t>(ridge + 1); }

  GradientNoise noise_;
  double pixel_;
  double limit_;
  double sun_x_ = 0;
  double sun_y_ = 0;
  double warmth_ = 0;
};

}  // namespace

SignalShape synthetic_photo_shape(int size) {
  if (size < 1) throw UserError("synthetic-photo has no size of its own: set size to its pixels a side");
  return {.shape = {size, size}, .channels = 3, .bits = 8};
}

Signal synthetic_photo(int size, std::uint64_t seed) {
  Signal picture{synthetic_photo_shape(size), {}};
  picture.values.reserve(picture.samples() * 3);
  const Scene scene(seed, size);
  std::vector<std::array<double, ridge_count>> skylines;
  skylines.reserve(static_cast<std::size_t>(size));
  for (int x = 0; x < size; ++x) skylines.push_back(scene.skylines((x + 0.5) / size));
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (const double value : scene.at((x + 0.5) / size, (y + 0.5) / size, skylines[static_cast<std::size_t>(x)])) {
        picture.values.push_back(static_cast<float>(2 * std::clamp(value, 0.0, 1.0) - 1));
      }
    }
  }
  return picture;
}

}  // namespace frugal::data
