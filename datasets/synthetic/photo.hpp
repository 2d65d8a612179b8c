// A picture that stands in for a photograph: a smooth sky, ridges with sharp edges, a disc, and texture at all scales.
#pragma once
#include <cstdint>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

/// size x size samples of one function on the unit square that depends on the seed only: a larger size shows the same
/// scene with finer detail (nothing above half a cycle per pixel). RGB. Throws UserError unless size > 0.
Signal synthetic_photo(int size, std::uint64_t seed);
/// What is known of synthetic_photo(): {size, size}, three channels of 8 bits.
SignalShape synthetic_photo_shape(int size);

}  // namespace frugal::data
