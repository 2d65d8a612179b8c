// Sizes of the fused towers that host and kernels share.
#pragma once

namespace frugal::cuda {

inline constexpr unsigned tower_threads = 512;
inline constexpr unsigned tower_warps = tower_threads / 32;
inline constexpr unsigned tile_width = 32;  ///< rows have a multiple of it

constexpr unsigned padded_width(unsigned width) { return (width + tile_width - 1) / tile_width * tile_width; }

}  // namespace frugal::cuda
