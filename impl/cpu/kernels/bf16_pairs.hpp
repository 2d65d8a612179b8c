// What the products of bf16 pairs take and leave, whatever multiplies them. Only kernels include this.
#pragma once
#include <cstdint>

#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {

static_assert(Lanes::width == 16);

using Pair = std::uint32_t;

/// Pair k of the columns of a matrix, its rows 2 k and 2 k + 1, at data[k * stride].
struct PairsOfRows {
  const Pair* data;
  long stride;
};

/// What the sums of a product start from: (r, c) at data[r * row + c]; null: 0.
struct Initial {
  const float* data = nullptr;
  long row = 0;
};

/// Where a product goes: C[r, c] at data[r * row + c]. `before`, laid out as C, is what it starts from; null: 0.
struct Target {
  float* data;
  long row;
  const float* before;
  Initial initial() const { return {before, row}; }
  template <int R, int registers>
  void finish(const Lanes (&sums)[R][registers]) const {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < registers; ++v) store(data + r * row + v * Lanes::width, sums[r][v]);
  }
};

}  // namespace frugal::cpu::FRUGAL_ISA
