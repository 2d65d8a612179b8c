// Launches on the processor. Only device.hpp includes this.
#pragma once
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {
namespace host_shim {

/// Runs `work` now, or records it where the stream records.
void issue(const Stream& stream, std::function<void()> work);

inline Index to_index(const dim3& d) { return {d.x, d.y, d.z}; }

/// Throws DeviceError on a shape that a device would refuse.
void check_shape(const LaunchShape& shape);

}  // namespace host_shim

template <class... Parameters, class... Arguments>
void launch(const LaunchShape& shape, const Stream& stream, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments));
  if (shape.grid.x == 0 || shape.grid.y == 0 || shape.grid.z == 0) return;
  host_shim::check_shape(shape);
  host_shim::issue(stream, [shape, kernel, ... values = static_cast<Parameters>(arguments)] {
    host_shim::run_grid({shape.name, host_shim::to_index(shape.grid), host_shim::to_index(shape.block),
                         shape.shared_bytes, shape.cluster, shape.cooperative},
                        [&] { kernel(values...); });
  });
}

}  // namespace frugal::cuda
