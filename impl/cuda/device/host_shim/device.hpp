// What tests may change about the device that is not there.
#pragma once
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda::host_shim {

/// A small device: few multiprocessors, so that a grid wraps around them; the shared memory of an H100.
DeviceLimits default_limits();
/// Makes another device of it, for paths that depend on its size; models made before keep theirs.
void set_limits(const DeviceLimits& limits);

/// Bytes that may be allocated at a time; the default is no bound.
void set_memory(std::size_t bytes);
/// Bytes that buffers hold now.
std::size_t allocated();

}  // namespace frugal::cuda::host_shim
