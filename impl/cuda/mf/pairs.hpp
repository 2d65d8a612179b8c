// The positives as they come from the caller, on the device.
#pragma once
#include <cstdint>

#include "impl/common/specs.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// Whether all pairs have a user and an item of the spec.
bool in_range(const DeviceBuffer<Interaction>& pairs, const MfSpec& spec, const Stream& stream);

}  // namespace frugal::cuda
