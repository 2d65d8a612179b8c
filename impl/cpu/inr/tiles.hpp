// How the points of a network are cut: tiles run forward and backward together.
#pragma once
#include <algorithm>
#include <cstdint>

#include "impl/common/specs.hpp"

namespace frugal::cpu {

inline constexpr std::int64_t inr_tile_bytes = std::int64_t{1} << 20;  // of activations and slopes: what L2 holds

/// Points of a tile at most: enough rows for the products to run at speed, few enough that the activations of all
/// layers stay in L2, and a panel's columns of two of them in L1.
inline std::int64_t inr_tile_rows(const InrSpec& spec) {
  const std::int64_t of_point = 2 * std::int64_t{sizeof(float)} * spec.width * (spec.hidden_layers + 1);
  return std::min<std::int64_t>(spec.points, std::clamp<std::int64_t>(inr_tile_bytes / of_point, 32, 96));
}

/// Tiles of a network: runs of points as equal as can be.
inline std::int64_t inr_tiles(const InrSpec& spec) {
  const std::int64_t rows = inr_tile_rows(spec);
  return (spec.points + rows - 1) / rows;
}

}  // namespace frugal::cpu
