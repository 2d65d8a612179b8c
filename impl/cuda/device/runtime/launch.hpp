// Launches through the CUDA runtime. Only device.hpp includes this.
#pragma once
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// A launch as the runtime wants it.
struct LaunchConfiguration {
  cudaLaunchConfig_t config{};
  cudaLaunchAttribute attributes[3] = {};
};
/// Fills it in from the shape, and opts in to the shape's dynamic shared memory.
void prepare_launch(const LaunchShape& shape, const Stream& stream, const void* kernel, LaunchConfiguration& launch);
/// Throws DeviceError when the launch was refused.
void check_launch(const LaunchShape& shape, cudaError_t status);

#ifdef __CUDACC__  // nobody else can launch
template <class... Parameters, class... Arguments>
void launch(const LaunchShape& shape, const Stream& stream, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments));
  if (shape.grid.x == 0 || shape.grid.y == 0 || shape.grid.z == 0) return;
  LaunchConfiguration launch;
  prepare_launch(shape, stream, reinterpret_cast<const void*>(kernel), launch);
  check_launch(shape, cudaLaunchKernelEx(&launch.config, kernel, static_cast<Parameters>(arguments)...));
}
#endif

}  // namespace frugal::cuda
