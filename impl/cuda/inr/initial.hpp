// Initial values drawn where they are needed, the same bits as by impl/common/inr/layout.hpp.
#pragma once
#include "impl/common/inr/layout.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/inr/network.hpp"

namespace frugal::cuda {

/// All tensors of `spec` to their places in `parameters` [K, net.count] (network.hpp); the padding is zero.
void draw_initial(const InrSpec& spec, const InrNetwork& net, DeviceBuffer<float>& parameters, const Stream& stream);

}  // namespace frugal::cuda
