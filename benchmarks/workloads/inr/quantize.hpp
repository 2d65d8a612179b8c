// Weights in fewer bits: what an ensemble weighs, and what it still shows, when its parameters are stored as fp16 or
// int8.
#pragma once
#include "impl/common/state.hpp"

namespace frugal::workloads {

enum class WeightFormat {
  fp16,  ///< IEEE binary16, to nearest even; finite values beyond +-65504 become that
  int8   ///< q s with q in -127..127 and one s = max |w| / 127 for each network and tensor
};

/// The parameters of `state` (tensors [networks, ...] that are not an optimiser's, "adam.*"), rounded to the format and
/// back; the others are left out. Doing it twice changes nothing more, as long as scales are normal numbers.
ModelState quantized(const ModelState& state, WeightFormat format);

/// Bits to store those parameters, with the 32 bits of each scale of int8.
double bits_of(const ModelState& state, WeightFormat format);

}  // namespace frugal::workloads
