// Launches through the CUDA runtime. Only device.hpp includes this.
#pragma once
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// Opts in to the dynamic shared memory of the shape.
void prepare_launch(const LaunchShape& shape, const void* kernel);
/// Throws DeviceError when the last launch was refused.
void check_launch(const LaunchShape& shape);

#ifdef __CUDACC__  // nobody else can launch
template <class... Parameters, class... Arguments>
void launch(const LaunchShape& shape, const Stream& stream, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments));
  if (shape.grid.x == 0 || shape.grid.y == 0 || shape.grid.z == 0) return;
  prepare_launch(shape, reinterpret_cast<const void*>(kernel));
  kernel<<<shape.grid, shape.block, shape.shared_bytes, static_cast<cudaStream_t>(stream.handle())>>>(
      static_cast<Parameters>(arguments)...);
  check_launch(shape);
}
#endif

}  // namespace frugal::cuda
