// Products of matrices in shared memory on tensor cores with the accuracy of fp32: the core of the fused towers.
//
// Each operand x is two numbers of tf32, x = high + low + rest, |rest| <= 2^-23 |x|, and a product is
//     high high + (high low + low high),
// without low low, at most 2^-22 of it: an error of 2^-21 |x y| a product at most, and the sums are fp32. "3xTF32" of
// CUTLASS; Ootomo & Yokota, "Recovering single precision accuracy from Tensor Cores", IJHPCA 2022.
//
// A matrix lies in panels of 32 columns, and column c of row r of a panel at c ^ swizzle(r). Of every product here the
// order of k within an instruction and the order of columns within a tile are chosen so that a lane reads two or four
// neighbours at once, writes four, and the lanes of a warp use banks of their own, whether k runs along rows or columns.
// Where a lane reads in a panel does not depend on the panel: addresses cost next to nothing.
//
// A warp computes 16 rows times 16 columns or 32 of them. Deterministic: a value depends on the depth alone.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "impl/cuda/kernels/tensor_core.hpp"
#include "impl/cuda/recommender/tower_pass.hpp"

namespace frugal::cuda {

inline constexpr unsigned tower_threads = 512;
inline constexpr unsigned tower_warps = tower_threads / 32;

/// A matrix in shared memory.
struct SharedMatrix {
  float* data;
  unsigned rows;   ///< a multiple of 16
  unsigned width;  ///< a multiple of tile_width

  /// Differs between two rows of a pair by 16, and takes all of 0, 8, 16, 24 over rows 4 r ... 4 r + 3 and over rows r,
  /// r + 4, r + 8, r + 12.
  __device__ static unsigned swizzle(unsigned row) {
    const unsigned x = (row ^ row >> 2) & 3;
    return (x & 1) << 4 | (x & 2) << 2;
  }
  /// Of a panel, column < tile_width.
  __device__ static unsigned in_panel(unsigned row, unsigned column) {
    return row * tile_width + (column ^ swizzle(row));
  }
  __device__ unsigned panel(unsigned number) const { return number * rows * tile_width; }

  __device__ float& at(unsigned row, unsigned column) const {
    return data[panel(column / tile_width) + in_panel(row, column % tile_width)];
  }
  /// Columns `column`, a multiple of four, and on.
  __device__ float4& four(unsigned row, unsigned column) const { return reinterpret_cast<float4&>(at(row, column)); }
};

__device__ inline float2 two_at(const float* at) { return *reinterpret_cast<const float2*>(at); }
__device__ inline float4 four_at(const float* at) { return *reinterpret_cast<const float4*>(at); }

/// x in two parts. The tensor core leaves the 13 last bits of `low` out. A NaN stays one in `low`.
struct SplitFloat {
  float high;
  float low;
  __device__ explicit SplitFloat(float x)
      : high(std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + 0x1000U) & 0xffffe000U)), low(x - high) {}
};

/// A matrix whose values are in two parts already, because more than one warp reads each.
struct SplitMatrix {
  SharedMatrix high;
  float* low;  ///< laid out as high

  __device__ SharedMatrix lower() const { return {low, high.rows, high.width}; }
  __device__ float at(unsigned row, unsigned column) const { return high.at(row, column) + lower().at(row, column); }
  __device__ void set_four(unsigned row, unsigned column, const float4& value) const {
    const SplitFloat x(value.x);
    const SplitFloat y(value.y);
    const SplitFloat z(value.z);
    const SplitFloat w(value.w);
    high.four(row, column) = {x.high, y.high, z.high, w.high};
    lower().four(row, column) = {x.low, y.low, z.low, w.low};
  }
};

/// The registers of an operand of mma.m16n8k8, in two parts.
template <unsigned N>
struct SplitOperand {
  std::uint32_t high[N];
  std::uint32_t low[N];

  __device__ void set(unsigned i, float high_part, float low_part) {
    high[i] = std::bit_cast<std::uint32_t>(high_part);
    low[i] = std::bit_cast<std::uint32_t>(low_part);
  }
  __device__ void set(unsigned i, float x) {
    const SplitFloat split(x);
    set(i, split.high, split.low);
  }
};
using LeftOperand = SplitOperand<4>;
using RightOperand = SplitOperand<2>;

/// A lane's part of 16 rows times 16 columns: columns 4 (lane % 4) ... + 3 of two rows.
struct TileValues {
  float4 top;
  float4 bottom;
};

/// Two neighbouring tiles of 16 x 8.
struct ProductPair {
  float large[2][4] = {};
  float small[2][4] = {};

  __device__ void add(unsigned n, const LeftOperand& left, const RightOperand& right) {
    tensor_core::multiply_tf32(small[n], left.low, right.high);
    tensor_core::multiply_tf32(small[n], left.high, right.low);
    tensor_core::multiply_tf32(large[n], left.high, right.high);
  }
  __device__ float sum(unsigned n, unsigned i) const { return large[n][i] + small[n][i]; }

  /// Where column c of the first tile is column 4 (c / 2) + c % 2 of the pair, and of the second 2 further.
  __device__ TileValues side_by_side() const {
    return {{sum(0, 0), sum(0, 1), sum(1, 0), sum(1, 1)}, {sum(0, 2), sum(0, 3), sum(1, 2), sum(1, 3)}};
  }
  /// Where column c of the first tile is column 2 c of the pair, and of the second 2 c + 1.
  __device__ TileValues alternating() const {
    return {{sum(0, 0), sum(1, 0), sum(0, 1), sum(1, 1)}, {sum(0, 2), sum(1, 2), sum(0, 3), sum(1, 3)}};
  }
};

/// Where a lane's TileValues lie.
struct TileLane {
  unsigned group;
  unsigned column;
  __device__ TileLane() : group(threadIdx.x % 32 / 4), column(threadIdx.x % 4 * 4) {}
};

/// 16 rows and 16 steps of k of a left matrix whose rows are its operands: k 4 t + 2 s and the next one are those of lane
/// t in step s. top, bottom: where the lane's row, and the one 8 further, have them in a panel.
struct LeftRows {
  float4 top;
  float4 bottom;

  __device__ LeftRows(const SharedMatrix& left, unsigned panel, unsigned top_at, unsigned bottom_at)
      : top(four_at(left.data + left.panel(panel) + top_at)),
        bottom(four_at(left.data + left.panel(panel) + bottom_at)) {}

  __device__ LeftOperand operand(unsigned s) const {
    LeftOperand split;
    split.set(0, s == 0 ? top.x : top.z);
    split.set(1, s == 0 ? bottom.x : bottom.z);
    split.set(2, s == 0 ? top.y : top.w);
    split.set(3, s == 0 ? bottom.y : bottom.w);
    return split;
  }
};

struct SplitLeftRows {
  LeftRows high;
  LeftRows low;

  __device__ SplitLeftRows(const SplitMatrix& left, unsigned panel, unsigned top_at, unsigned bottom_at)
      : high(left.high, panel, top_at, bottom_at), low(left.lower(), panel, top_at, bottom_at) {}

  __device__ LeftOperand operand(unsigned s) const {
    LeftOperand split;
    split.set(0, s == 0 ? high.top.x : high.top.z, s == 0 ? low.top.x : low.top.z);
    split.set(1, s == 0 ? high.bottom.x : high.bottom.z, s == 0 ? low.bottom.x : low.bottom.z);
    split.set(2, s == 0 ? high.top.y : high.top.w, s == 0 ? low.top.y : low.top.w);
    split.set(3, s == 0 ? high.bottom.y : high.bottom.w, s == 0 ? low.bottom.y : low.bottom.w);
    return split;
  }
};

/// Of SharedMatrix or SplitMatrix.
template <class Left>
struct LeftLane {
  unsigned top[2];     ///< of either half of a panel
  unsigned bottom[2];  ///< eight rows further

  __device__ explicit LeftLane(unsigned first_row) {
    const TileLane lane;
    for (unsigned half = 0; half < 2; ++half) {
      top[half] = SharedMatrix::in_panel(first_row + lane.group, 16 * half + lane.column);
      bottom[half] = SharedMatrix::in_panel(first_row + lane.group + 8, 16 * half + lane.column);
    }
  }
  __device__ auto rows(const Left& left, unsigned panel, unsigned half) const {
    if constexpr (std::is_same_v<Left, SplitMatrix>)
      return SplitLeftRows(left, panel, top[half], bottom[half]);
    else
      return LeftRows(left, panel, top[half], bottom[half]);
  }
};

/// sum over k < depth (a multiple of 32) of left(row, k) right(column, k): rows first_row + group and 8 further.
template <class Left>
__device__ TileValues times_rows(const Left& left, unsigned first_row, const SharedMatrix& right, unsigned first_column,
                                 unsigned depth) {
  const TileLane lane;
  ProductPair product;
  const LeftLane<Left> left_lane(first_row);
  unsigned columns_at[2][2];  // [half][tile]
  for (unsigned half = 0; half < 2; ++half)
    for (unsigned n = 0; n < 2; ++n)
      columns_at[half][n] =
          SharedMatrix::in_panel(first_column + lane.group / 2 * 4 + lane.group % 2 + 2 * n, 16 * half + lane.column);
  for (unsigned panel = 0; panel < depth / tile_width; ++panel) {
    const float* const right_panel = right.data + right.panel(panel);
#pragma unroll
    for (unsigned half = 0; half < 2; ++half) {
      const auto rows = left_lane.rows(left, panel, half);
      const float4 columns[2] = {four_at(right_panel + columns_at[half][0]),
                                 four_at(right_panel + columns_at[half][1])};
#pragma unroll
      for (unsigned s = 0; s < 2; ++s) {
        const LeftOperand a = rows.operand(s);
#pragma unroll
        for (unsigned n = 0; n < 2; ++n) {
          RightOperand b;
          b.set(0, s == 0 ? columns[n].x : columns[n].z);
          b.set(1, s == 0 ? columns[n].y : columns[n].w);
          product.add(n, a, b);
        }
      }
    }
  }
  return product.side_by_side();
}

/// sum over k < depth (a multiple of 32) of left(row, k) right(k, column): rows first_row + group and 8 further.
inline __device__ TileValues times_columns(const SplitMatrix& left, unsigned first_row, const SharedMatrix& right,
                                           unsigned first_column, unsigned depth) {
  const TileLane lane;
  ProductPair product;
  const LeftLane<SplitMatrix> left_lane(first_row);
  const float* const right_panel = right.data + right.panel(first_column / tile_width);
  unsigned k_at[2][2];  // [s][of a pair of k]; 16 k further all is the same
  for (unsigned s = 0; s < 2; ++s)
    for (unsigned i = 0; i < 2; ++i)
      k_at[s][i] = SharedMatrix::in_panel(lane.column + 2 * s + i, first_column % tile_width + 2 * lane.group);
  for (unsigned panel = 0; panel < depth / tile_width; ++panel) {
#pragma unroll
    for (unsigned half = 0; half < 2; ++half) {
      const auto rows = left_lane.rows(left, panel, half);
      const float* const right_rows = right_panel + (2 * panel + half) * (16 * tile_width);
#pragma unroll
      for (unsigned s = 0; s < 2; ++s) {
        const LeftOperand a = rows.operand(s);
        const float2 first = two_at(right_rows + k_at[s][0]);
        const float2 second = two_at(right_rows + k_at[s][1]);
        RightOperand b;
        b.set(0, first.x);
        b.set(1, second.x);
        product.add(0, a, b);
        b.set(0, first.y);
        b.set(1, second.y);
        product.add(1, a, b);
      }
    }
  }
  return product.alternating();
}

/// sum over k < depth (a multiple of 16) of left(k, row) right(k, column) for a panel of 32 columns, in two halves: rows
/// first_row + 2 group and the next one.
inline __device__ void transposed_times_columns(const SplitMatrix& left, unsigned first_row, const SplitMatrix& right,
                                                unsigned first_column, unsigned depth, TileValues (&values)[2]) {
  const TileLane lane;
  ProductPair products[2];
  const unsigned left_panel = left.high.panel(first_row / tile_width);
  const unsigned right_panel = right.high.panel(first_column / tile_width);
  unsigned rows_at[4];        // of k t, t + 4, t + 8, t + 12; 16 k further all is the same
  unsigned columns_at[4][2];  // [k][half]
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned k = lane.column / 4 + 4 * i;
    rows_at[i] = left_panel + SharedMatrix::in_panel(k, first_row % tile_width + 2 * lane.group);
    for (unsigned half = 0; half < 2; ++half)
      columns_at[i][half] = right_panel + SharedMatrix::in_panel(k, 16 * half + 2 * lane.group);
  }
  for (unsigned k = 0; k < depth; k += 16) {
    const float* const left_high = left.high.data + k * tile_width;
    const float* const left_low = left.low + k * tile_width;
    const float* const right_high = right.high.data + k * tile_width;
    const float* const right_low = right.low + k * tile_width;
#pragma unroll
    for (unsigned i = 0; i < 4; i += 2) {
      const float2 first = two_at(left_high + rows_at[i]);
      const float2 second = two_at(left_high + rows_at[i + 1]);
      const float2 first_low = two_at(left_low + rows_at[i]);
      const float2 second_low = two_at(left_low + rows_at[i + 1]);
      LeftOperand a;
      a.set(0, first.x, first_low.x);
      a.set(1, first.y, first_low.y);
      a.set(2, second.x, second_low.x);
      a.set(3, second.y, second_low.y);
#pragma unroll
      for (unsigned half = 0; half < 2; ++half) {
        const float2 early = two_at(right_high + columns_at[i][half]);
        const float2 late = two_at(right_high + columns_at[i + 1][half]);
        const float2 early_low = two_at(right_low + columns_at[i][half]);
        const float2 late_low = two_at(right_low + columns_at[i + 1][half]);
        RightOperand b;
        b.set(0, early.x, early_low.x);
        b.set(1, late.x, late_low.x);
        products[half].add(0, a, b);
        b.set(0, early.y, early_low.y);
        b.set(1, late.y, late_low.y);
        products[half].add(1, a, b);
      }
    }
  }
  for (unsigned half = 0; half < 2; ++half) values[half] = products[half].alternating();
}

}  // namespace frugal::cuda
