#pragma once
#include <algorithm>

namespace frugal::data {

/// What the signal formats write for a value: within [-1, 1], and -1 for NaN.
inline double clipped(float value) { return value >= -1 ? std::min(value, 1.0F) : -1.0; }

}  // namespace frugal::data
