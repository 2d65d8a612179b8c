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
  auto* const queue = static_cast<cudaStream_t>(stream.handle());
  if (shape.early && device_limits().compute_capability >= 90) {
    cudaLaunchAttribute early{};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = shape.grid;
    config.blockDim = shape.block;
    config.dynamicSmemBytes = shape.shared_bytes;
    config.stream = queue;
    config.attrs = &early;
    config.numAttrs = 1;
    cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
  } else {
    kernel<<<shape.grid, shape.block, shape.shared_bytes, queue>>>(static_cast<Parameters>(arguments)...);
  }
  check_launch(shape);
}
#endif

}  // namespace frugal::cuda
