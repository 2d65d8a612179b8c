// Weights in fewer bits: what an ensemble weighs, and what it still shows, when its parameters are stored as fp16 or as
// small integers, plain or entropy-coded.
#pragma once
#include "impl/common/state.hpp"

namespace frugal::workloads {

enum class WeightFormat {
  fp16,  ///< IEEE binary16, to nearest even; finite values beyond +-65504 become that
  int8,  ///< q s with q in -127..127 and one s = max |w| / 127 for each network and tensor
  int6   ///< the same with q in -31..31
};

/// The parameters of `state` (tensors [networks, ...] that are not an optimiser's, "adam.*"), rounded to the format and
/// back; the others are left out. Doing it twice changes nothing more, as long as scales are normal numbers.
ModelState quantized(const ModelState& state, WeightFormat format);

/// Bits to store those parameters, with the 32 bits of each scale of integers.
double bits_of(const ModelState& state, WeightFormat format);

/// The same with the integers entropy-coded: the length of an adaptive arithmetic code, which needs no table. A tensor's
/// integers, of all networks in their order, are a message of their own; after n of them, k of which were q, the next
/// is q with probability (k + 1/2) / (n + levels / 2) (Krichevsky & Trofimov 1981). A coder writes 2 bits more at most.
/// Of integers only.
double coded_bits_of(const ModelState& state, WeightFormat format);

}  // namespace frugal::workloads
