// Products of matrices in shared memory on tensor cores with the accuracy of fp32: the core of the fused towers.
//
// Each operand x is two numbers of tf32, x = high + low + rest, |rest| <= 2^-23 |x|, and a product is
//     high high + (high low + low high),
// without low low, at most 2^-22 of it: an error of 2^-21 |x y| a product at most, and the sums are fp32. "3xTF32" of
// CUTLASS; Ootomo & Yokota, "Recovering single precision accuracy from Tensor Cores", IJHPCA 2022.
//
// A matrix lies in rows of a multiple of 32 floats, and column c of row r at c ^ swizzle(r). Of every product here the
// order of k within an instruction and the order of columns within a tile are chosen so that a lane reads two or four
// neighbours at once, writes four, and the lanes of a warp use banks of their own, whether k runs along rows or columns.
//
// A warp computes 16 rows times 16 columns or 32 of them. Deterministic: a value depends on the depth alone.
#pragma once
#include <bit>
#include <cstdint>

#include "impl/cuda/kernels/tensor_core.hpp"
#include "impl/cuda/recommender/tower_pass.hpp"

namespace frugal::cuda {

inline constexpr unsigned tower_threads = 512;
inline constexpr unsigned tower_warps = tower_threads / 32;
/// A matrix in shared memory.
struct SharedMatrix {
  float* data;
  unsigned stride;  ///< a multiple of tile_width

  /// Differs between two rows of a pair by 16, and takes all of 0, 8, 16, 24 over rows 4 r ... 4 r + 3 and over rows r,
  /// r + 4, r + 8, r + 12.
  __device__ static unsigned swizzle(unsigned row) {
    const unsigned x = (row ^ row >> 2) & 3;
    return (x & 1) << 4 | (x & 2) << 2;
  }
  __device__ float& at(unsigned row, unsigned column) const { return data[row * stride + (column ^ swizzle(row))]; }
  /// Columns `column` (even; a multiple of 4) and on.
  __device__ float2 two(unsigned row, unsigned column) const { return reinterpret_cast<float2&>(at(row, column)); }
  __device__ float4& four(unsigned row, unsigned column) const { return reinterpret_cast<float4&>(at(row, column)); }
};

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

  __device__ SharedMatrix lower() const { return {low, high.stride}; }
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

/// Rows first_row ... + 15 and 16 steps of k of a left matrix whose rows are its operands: k 4 t + 2 s and the next one
/// are those of lane t in step s.
struct LeftRows {
  float4 top;
  float4 bottom;

  __device__ LeftRows(const SharedMatrix& left, unsigned first_row, unsigned k)
      : top(left.four(first_row + threadIdx.x % 32 / 4, k + threadIdx.x % 4 * 4)),
        bottom(left.four(first_row + threadIdx.x % 32 / 4 + 8, k + threadIdx.x % 4 * 4)) {}

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

  __device__ SplitLeftRows(const SplitMatrix& left, unsigned first_row, unsigned k)
      : high(left.high, first_row, k), low(left.lower(), first_row, k) {}

  __device__ LeftOperand operand(unsigned s) const {
    LeftOperand split;
    split.set(0, s == 0 ? high.top.x : high.top.z, s == 0 ? low.top.x : low.top.z);
    split.set(1, s == 0 ? high.bottom.x : high.bottom.z, s == 0 ? low.bottom.x : low.bottom.z);
    split.set(2, s == 0 ? high.top.y : high.top.w, s == 0 ? low.top.y : low.top.w);
    split.set(3, s == 0 ? high.bottom.y : high.bottom.w, s == 0 ? low.bottom.y : low.bottom.w);
    return split;
  }
};

__device__ inline LeftRows left_rows(const SharedMatrix& left, unsigned first_row, unsigned k) {
  return {left, first_row, k};
}
__device__ inline SplitLeftRows left_rows(const SplitMatrix& left, unsigned first_row, unsigned k) {
  return {left, first_row, k};
}

/// sum over k < depth (a multiple of 16) of left(row, k) right(column, k): rows first_row + group and 8 further.
template <class Left>
__device__ TileValues times_rows(const Left& left, unsigned first_row, const SharedMatrix& right, unsigned first_column,
                                 unsigned depth) {
  const TileLane lane;
  ProductPair product;
  const unsigned row = first_column + lane.group / 2 * 4 + lane.group % 2;
#pragma unroll 2
  for (unsigned k = 0; k < depth; k += 16) {
    const auto rows = left_rows(left, first_row, k);
    const float4 columns[2] = {right.four(row, k + lane.column), right.four(row + 2, k + lane.column)};
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
  return product.side_by_side();
}

/// sum over k < depth (a multiple of 16) of left(row, k) right(k, column): rows first_row + group and 8 further.
inline __device__ TileValues times_columns(const SplitMatrix& left, unsigned first_row, const SharedMatrix& right,
                                           unsigned first_column, unsigned depth) {
  const TileLane lane;
  ProductPair product;
#pragma unroll 2
  for (unsigned k = 0; k < depth; k += 16) {
    const auto rows = left_rows(left, first_row, k);
#pragma unroll
    for (unsigned s = 0; s < 2; ++s) {
      const LeftOperand a = rows.operand(s);
      const unsigned at = k + lane.column + 2 * s;
      const float2 first = right.two(at, first_column + 2 * lane.group);
      const float2 second = right.two(at + 1, first_column + 2 * lane.group);
      RightOperand b;
      b.set(0, first.x);
      b.set(1, second.x);
      product.add(0, a, b);
      b.set(0, first.y);
      b.set(1, second.y);
      product.add(1, a, b);
    }
  }
  return product.alternating();
}

/// sum over k < depth (a multiple of 8) of left(k, row) right(k, column) for 32 columns in two halves: rows first_row +
/// 2 group and the next one.
inline __device__ void transposed_times_columns(const SplitMatrix& left, unsigned first_row, const SplitMatrix& right,
                                                unsigned first_column, unsigned depth, TileValues (&values)[2]) {
  const TileLane lane;
  ProductPair products[2];
#pragma unroll 2
  for (unsigned k = 0; k < depth; k += 8) {
    const unsigned at = k + lane.column / 4;
    const float2 first = left.high.two(at, first_row + 2 * lane.group);
    const float2 second = left.high.two(at + 4, first_row + 2 * lane.group);
    const float2 first_low = left.lower().two(at, first_row + 2 * lane.group);
    const float2 second_low = left.lower().two(at + 4, first_row + 2 * lane.group);
    LeftOperand a;
    a.set(0, first.x, first_low.x);
    a.set(1, first.y, first_low.y);
    a.set(2, second.x, second_low.x);
    a.set(3, second.y, second_low.y);
#pragma unroll
    for (unsigned half = 0; half < 2; ++half) {
      const unsigned column = first_column + 16 * half + 2 * lane.group;
      const float2 early = right.high.two(at, column);
      const float2 late = right.high.two(at + 4, column);
      const float2 early_low = right.lower().two(at, column);
      const float2 late_low = right.lower().two(at + 4, column);
      RightOperand b;
      b.set(0, early.x, early_low.x);
      b.set(1, late.x, late_low.x);
      products[half].add(0, a, b);
      b.set(0, early.y, early_low.y);
      b.set(1, late.y, late_low.y);
      products[half].add(1, a, b);
    }
  }
  for (unsigned half = 0; half < 2; ++half) values[half] = products[half].alternating();
}

}  // namespace frugal::cuda
