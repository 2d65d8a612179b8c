// A volume that stands in for a scanned shape: the signed distance of a blend of spheres and a ring.
#pragma once
#include <cstdint>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// side^3 samples, at the centres of the cells, of one function on [-1, 1]^3 that depends on the seed only: the
/// distance to the surface, negative inside, cut off at +-0.5 and scaled to [-1, 1]. Four spheres and a torus, blended
/// smoothly.
Signal synthetic_volume(int side, std::uint64_t seed);
/// What is known of synthetic_volume(): {side, side, side}, one channel.
SignalShape synthetic_volume_shape(int side);

}  // namespace frugal::data
