// How large a signal may be: a file of a few kilobytes can claim, and even hold, more than a machine's memory.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "datasets/signal/signal.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

/// Pixels, samples of sound, voxels. The largest photographs have 2e8 pixels; as float RGB, these are 3 GB.
inline constexpr std::size_t most_samples = std::size_t{1} << 28;

/// Before anything of that size is allocated. Throws UserError.
inline void require_size(const SignalShape& shape, const Place& place) {
  if (shape.samples() <= most_samples) return;
  throw UserError(place, fmt::format("this holds {} = {} samples, and at most {} are read: make it smaller",
                                     fmt::join(shape.shape, " x "), shape.samples(), most_samples));
}

}  // namespace frugal::data
