// How wide the dense layers of the recommenders may be: the products of kernels/ have tiles of 64 columns or more along
// grid.y.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

inline constexpr std::int64_t widest_layer = std::int64_t{most_grid_rows} * 64;

/// inputs, outputs: of the layers of one stack; the inputs of the first.
inline Support supports_widths(std::int64_t inputs, const std::vector<int>& outputs) {
  const std::int64_t widest = std::max<std::int64_t>(inputs, outputs.empty() ? 0 : *std::ranges::max_element(outputs));
  if (widest <= widest_layer) return Support::yes();
  return Support::no("the cuda back end takes dense layers up to " + std::to_string(widest_layer) + " wide, not " +
                     std::to_string(widest));
}

}  // namespace frugal::cuda
