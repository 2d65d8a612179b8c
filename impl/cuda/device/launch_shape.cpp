#include <fmt/format.h>

#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

void require_possible(const LaunchShape& shape) {
  const std::uint64_t threads = std::uint64_t{shape.block.x} * shape.block.y * shape.block.z;
  if (threads == 0 || threads > 1024)
    throw DeviceError(fmt::format("launch of {}: a block of {} threads", shape.name, threads));
  if (shape.grid.x > 0x7fffffffU || shape.grid.y > most_grid_rows || shape.grid.z > most_grid_rows)
    throw DeviceError(fmt::format("launch of {}: a grid of {} x {} x {} blocks", shape.name, shape.grid.x, shape.grid.y,
                                  shape.grid.z));
  if (shape.shared_bytes + shape.static_bytes > device_limits().shared_bytes_per_block)
    throw DeviceError(fmt::format("launch of {}: {} bytes of dynamic and {} of static shared memory wanted, {} there",
                                  shape.name, shape.shared_bytes, shape.static_bytes,
                                  device_limits().shared_bytes_per_block));
}

}  // namespace frugal::cuda
