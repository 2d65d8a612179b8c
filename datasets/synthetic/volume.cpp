#include "datasets/synthetic/volume.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

using Point = std::array<double, 3>;

constexpr std::size_t sphere_count = 4;
constexpr double cut_off = 0.5;
constexpr double blend = 0.1;  // how far from a seam the shapes melt together
constexpr std::uint32_t shapes_stream = 3;

double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// The minimum, rounded off by a parabola where the two come within `blend` of each other: continuously differentiable,
/// so the volume has no creases that the cells are too coarse for.
double smooth_min(double a, double b) {
  const double overlap = std::max(blend - std::abs(a - b), 0.0);
  return std::min(a, b) - overlap * overlap / (4 * blend);
}

class Blob {
 public:
  explicit Blob(std::uint64_t seed) : random_(seed, Purpose::synthetic_image) {
    for (std::size_t s = 0; s < sphere_count; ++s) {
      centers_[s] = {between(-0.5, 0.5), between(-0.5, 0.5), between(-0.5, 0.5)};
      radii_[s] = between(0.15, 0.35);
    }
    // A direction, uniform on the sphere.
    const double z = between(-1, 1);
    const double angle = between(0, 2 * std::numbers::pi);
    const double r = std::sqrt(1 - z * z);
    axis_ = {r * std::cos(angle), r * std::sin(angle), z};
    ring_radius_ = between(0.45, 0.65);
    tube_radius_ = between(0.08, 0.16);
  }

  double distance(const Point& p) const {
    const double height = dot(p, axis_);
    const double from_axis = std::sqrt(std::max(dot(p, p) - height * height, 0.0));
    double nearest = std::hypot(from_axis - ring_radius_, height) - tube_radius_;
    for (std::size_t s = 0; s < sphere_count; ++s) {
      const Point away{p[0] - centers_[s][0], p[1] - centers_[s][1], p[2] - centers_[s][2]};
      nearest = smooth_min(nearest, std::sqrt(dot(away, away)) - radii_[s]);
    }
    return nearest;
  }

 private:
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(random_.uniform(drawn_++, shapes_stream));
  }

  Philox random_;
  std::uint64_t drawn_ = 0;
  std::array<Point, sphere_count> centers_{};
  std::array<double, sphere_count> radii_{};
  Point axis_{};
  double ring_radius_ = 0;
  double tube_radius_ = 0;
};

}  // namespace

SignalShape synthetic_volume_shape(int side) { return {.shape = {side, side, side}, .channels = 1, .bits = 32}; }

Signal synthetic_volume(int side, std::uint64_t seed) {
  Signal volume{synthetic_volume_shape(side), {}};
  volume.values.reserve(volume.samples());
  const Blob blob(seed);
  const auto center = [&](int cell) { return 2 * (cell + 0.5) / side - 1; };
  for (int z = 0; z < side; ++z) {
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double distance = blob.distance({center(x), center(y), center(z)});
        volume.values.push_back(static_cast<float>(std::clamp(distance / cut_off, -1.0, 1.0)));
      }
    }
  }
  return volume;
}

}  // namespace frugal::data
