// Sorting of 64-bit keys on the device: by CUB, and for the shim by the standard library.
#pragma once
#include <cstdint>

#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// Sorts `keys` by their lower `bits` bits, ascending; the others must be equal. `spare` has the same size and holds
/// anything afterwards.
void sort_keys(DeviceBuffer<std::uint64_t>& keys, DeviceBuffer<std::uint64_t>& spare, int bits, const Stream& stream);

}  // namespace frugal::cuda
