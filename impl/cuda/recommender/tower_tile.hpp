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
// A warp computes 8 or 16 rows times 16 columns, or 16 times 32. Deterministic: a value depends on the depth alone.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "impl/cuda/device/cooperation.hpp"
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

  /// Differs by 16 or 24 between rows 2 r and 2 r + 1 and between rows 4 r and 4 r + 2, and takes all of 0, 8, 16, 24 over
  /// rows 4 r ... 4 r + 3, over r, r + 4, r + 8, r + 12 and over 8 r, 8 r + 2, 8 r + 4, 8 r + 6.
  __device__ static unsigned swizzle(unsigned row) {
    const unsigned x = (row ^ row >> 2) & 3;
    return ((x ^ x >> 1) & 1) << 4 | (x & 2) << 2;
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

/// What lies `further` bytes behind an address of instructions (shared_address()): one register serves several loads.
template <unsigned further>
__device__ float load_one(std::uint32_t address) {
#ifdef __CUDACC__
  float value;
  asm volatile("ld.shared.f32 %0, [%1 + %2];" : "=f"(value) : "r"(address), "n"(further) : "memory");
  return value;
#else
  return *reinterpret_cast<const float*>(static_cast<const unsigned char*>(host_shim::dynamic_shared()) + address +
                                         further);
#endif
}
template <unsigned further>
__device__ float2 load_pair(std::uint32_t address) {
#ifdef __CUDACC__
  float2 value;
  asm volatile("ld.shared.v2.f32 {%0, %1}, [%2 + %3];"
               : "=f"(value.x), "=f"(value.y)
               : "r"(address), "n"(further)
               : "memory");
  return value;
#else
  return {load_one<further>(address), load_one<further + 4>(address)};
#endif
}

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

  __device__ SharedMatrix lower() const { return {high.data + low_distance, high.rows, high.width}; }
  __device__ float at(unsigned row, unsigned column) const { return high.at(row, column) + lower().at(row, column); }
  /// Two neighbours from `place` on.
  __device__ void set_two(unsigned place, const float2& value) const {
    const SplitFloat x(value.x);
    const SplitFloat y(value.y);
    reinterpret_cast<float2&>(high.data[place]) = {x.high, y.high};
    reinterpret_cast<float2&>(high.data[place + low_distance]) = {x.low, y.low};
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
using FirstOperand = SplitOperand<4>;
using SecondOperand = SplitOperand<2>;

/// N neighbouring tiles of 16 x 8.
template <unsigned N>
struct ProductSums {
  float large[N][4] = {};
  float small[N][4] = {};

  __device__ void add(unsigned n, const FirstOperand& first, const SecondOperand& second) {
    tensor_core::multiply_tf32(small[n], first.low, second.high);
    tensor_core::multiply_tf32(small[n], first.high, second.low);
    tensor_core::multiply_tf32(large[n], first.high, second.high);
  }
  __device__ float sum(unsigned n, unsigned i) const { return large[n][i] + small[n][i]; }
};

struct TileLane {
  unsigned group;
  unsigned in_group;
  __device__ TileLane() : group(threadIdx.x % 32 / 4), in_group(threadIdx.x % 4) {}
};

/// A lane's part of 8 N rows times 16 columns.
template <unsigned N>
struct TileValues {
  float2 two[2 * N];  ///< of row(i), columns column() and the next one

  /// The rows are the columns of the tiles of the product, the columns 2 c and 2 c + 1 its rows c and c + 8.
  __device__ explicit TileValues(const ProductSums<N>& product) {
    for (unsigned n = 0; n < N; ++n)
      for (unsigned i = 0; i < 2; ++i) two[2 * n + i] = {product.sum(n, i), product.sum(n, i + 2)};
  }
  __device__ static unsigned row(unsigned i) { return 2 * TileLane().in_group + i % 2 + i / 2 * 8; }
  __device__ static unsigned column() { return 2 * TileLane().group; }
};

/// Where a matrix has a lane's TileValues: those of rows 1, 8 and 9 further follow from the swizzle's pattern.
struct TilePlaces {
  unsigned first;

  __device__ TilePlaces(const SharedMatrix& matrix, unsigned first_row, unsigned first_column)
      : first(matrix.panel(first_column / tile_width) +
              SharedMatrix::in_panel(first_row + TileValues<1>::row(0),
                                     first_column % tile_width + TileValues<1>::column())) {}
  __device__ unsigned operator[](unsigned i) const {
    return (first ^ (i % 2 * 16 ^ i / 2 * 24)) + (i % 2 + i / 2 * 8) * tile_width;
  }
};

/// Eight rows and 16 steps of k: k 4 t + 2 s and the next one are those of lane t in step s.
struct EightRows {
  float4 four;

  __device__ EightRows(const SharedMatrix& matrix, unsigned panel, unsigned at)
      : four(four_at(matrix.data + matrix.panel(panel) + at)) {}
  __device__ SecondOperand operand(unsigned s) const {
    SecondOperand split;
    split.set(0, s == 0 ? four.x : four.z);
    split.set(1, s == 0 ? four.y : four.w);
    return split;
  }
};
struct SplitEightRows {
  EightRows high;
  EightRows low;

  __device__ SplitEightRows(const SplitMatrix& matrix, unsigned panel, unsigned at)
      : high(matrix.high, panel, at), low(matrix.lower(), panel, at) {}
  __device__ SecondOperand operand(unsigned s) const {
    SecondOperand split;
    split.set(0, s == 0 ? high.four.x : high.four.z, s == 0 ? low.four.x : low.four.z);
    split.set(1, s == 0 ? high.four.y : high.four.w, s == 0 ? low.four.y : low.four.w);
    return split;
  }
};
__device__ inline EightRows eight_rows(const SharedMatrix& matrix, unsigned panel, unsigned at) {
  return {matrix, panel, at};
}
__device__ inline SplitEightRows eight_rows(const SplitMatrix& matrix, unsigned panel, unsigned at) {
  return {matrix, panel, at};
}

/// 8 N rows: sum over k < depth (a multiple of 32) of left(row, k) right(column, k). Left: SharedMatrix or SplitMatrix.
/// What lies in columns of the result is the first operand: two steps of k of `left`, the second, are neighbours in
/// registers.
template <unsigned N, class Left>
__device__ TileValues<N> times_rows(const Left& left, unsigned first_row, const SharedMatrix& right,
                                    unsigned first_column, unsigned depth) {
  const TileLane lane;
  ProductSums<N> product;
  unsigned rows_at[2][N];  // [half of a panel][tile]
  unsigned columns_at[2][2];
  for (unsigned n = 0; n < N; ++n)
    rows_at[0][n] = SharedMatrix::in_panel(first_row + lane.group + 8 * n, 4 * lane.in_group);
  for (unsigned i = 0; i < 2; ++i)
    columns_at[0][i] = SharedMatrix::in_panel(first_column + 2 * lane.group + i, 4 * lane.in_group);
  for (unsigned n = 0; n < N; ++n) rows_at[1][n] = rows_at[0][n] ^ 16;
  for (unsigned i = 0; i < 2; ++i) columns_at[1][i] = columns_at[0][i] ^ 16;
  for (unsigned panel = 0; panel < depth / tile_width; ++panel) {
    const float* const right_panel = right.data + right.panel(panel);
#pragma unroll
    for (unsigned half = 0; half < 2; ++half) {
      const float4 even = four_at(right_panel + columns_at[half][0]);
      const float4 odd = four_at(right_panel + columns_at[half][1]);
#pragma unroll
      for (unsigned s = 0; s < 2; ++s) {
        FirstOperand columns;
        columns.set(0, s == 0 ? even.x : even.z);
        columns.set(1, s == 0 ? odd.x : odd.z);
        columns.set(2, s == 0 ? even.y : even.w);
        columns.set(3, s == 0 ? odd.y : odd.w);
#pragma unroll
        for (unsigned n = 0; n < N; ++n) product.add(n, columns, eight_rows(left, panel, rows_at[half][n]).operand(s));
      }
    }
  }
  return TileValues<N>(product);
}

/// 8 N rows: sum over k < depth (a multiple of 32) of left(row, k) right(k, column).
template <unsigned N>
__device__ TileValues<N> times_columns(const SplitMatrix& left, unsigned first_row, const SharedMatrix& right,
                                       unsigned first_column, unsigned depth) {
  const TileLane lane;
  ProductSums<N> product;
  unsigned rows_at[2][N];  // [half of a panel][tile]
  unsigned k_at[2][2];     // [s][of a pair of k]; 16 k further all is the same
  for (unsigned n = 0; n < N; ++n) {
    rows_at[0][n] = SharedMatrix::in_panel(first_row + lane.group + 8 * n, 4 * lane.in_group);
    rows_at[1][n] = rows_at[0][n] ^ 16;
  }
  for (unsigned s = 0; s < 2; ++s)
    for (unsigned i = 0; i < 2; ++i)
      k_at[s][i] = SharedMatrix::in_panel(4 * lane.in_group + 2 * s + i, first_column % tile_width + 2 * lane.group);
  const float* const right_panel = right.data + right.panel(first_column / tile_width);
  for (unsigned panel = 0; panel < depth / tile_width; ++panel) {
#pragma unroll
    for (unsigned half = 0; half < 2; ++half) {
      const float* const right_rows = right_panel + (2 * panel + half) * (16 * tile_width);
#pragma unroll
      for (unsigned s = 0; s < 2; ++s) {
        const float2 early = two_at(right_rows + k_at[s][0]);
        const float2 late = two_at(right_rows + k_at[s][1]);
        FirstOperand columns;
        columns.set(0, early.x);
        columns.set(1, early.y);
        columns.set(2, late.x);
        columns.set(3, late.y);
#pragma unroll
        for (unsigned n = 0; n < N; ++n) product.add(n, columns, eight_rows(left, panel, rows_at[half][n]).operand(s));
      }
    }
  }
  return TileValues<N>(product);
}

/// A lane's part of 16 rows times 32 columns: rows 2 group + i, columns 8 n + 2 in_group and the next one.
struct WideTileValues {
  float2 two[4][2];  ///< [n][i]
  float2 row_sums;   ///< of the left matrix over k, of both rows
};

/// sum over k < depth (a multiple of 16) of left(k, row) right(k, column); the columns are a panel. Where asked for, with
/// the row sums: one more product, by ones.
inline __device__ WideTileValues transposed_times_columns(const SplitMatrix& left, unsigned first_row,
                                                          const SplitMatrix& right, unsigned first_column,
                                                          unsigned depth, bool with_row_sums) {
  const TileLane lane;
  ProductSums<4> products;
  ProductSums<1> row_sums;
  SecondOperand ones;
  for (unsigned i = 0; i < 2; ++i) ones.set(i, 1, 0);
  std::uint32_t rows_at[4];        // of k t, t + 4, t + 8, t + 12
  std::uint32_t columns_at[4][4];  // [k][tile]
  const std::uint32_t left_at = shared_address(left.high.data + left.high.panel(first_row / tile_width));
  const std::uint32_t right_at = shared_address(right.high.data + right.high.panel(first_column / tile_width));
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned k = lane.in_group + 4 * i;
    rows_at[i] = left_at + 4 * SharedMatrix::in_panel(k, first_row % tile_width + 2 * lane.group);
    for (unsigned n = 0; n < 4; ++n)
      columns_at[i][n] = right_at + 4 * (k * tile_width + lane.group + (8 * n ^ SharedMatrix::swizzle(k)));
  }
  constexpr std::uint32_t low = low_distance * sizeof(float);
  constexpr std::uint32_t further = 16 * tile_width * sizeof(float);  // 16 k further all is the same
  for (unsigned k = 0; k < depth; k += 16) {
#pragma unroll
    for (unsigned i = 0; i < 4; i += 2) {
      const auto early = load_pair<0>(rows_at[i]);
      const auto late = load_pair<0>(rows_at[i + 1]);
      const auto early_low = load_pair<low>(rows_at[i]);
      const auto late_low = load_pair<low>(rows_at[i + 1]);
      FirstOperand rows;
      rows.set(0, early.x, early_low.x);
      rows.set(1, early.y, early_low.y);
      rows.set(2, late.x, late_low.x);
      rows.set(3, late.y, late_low.y);
#pragma unroll
      for (unsigned n = 0; n < 4; ++n) {
        SecondOperand columns;
        columns.set(0, load_one<0>(columns_at[i][n]), load_one<low>(columns_at[i][n]));
        columns.set(1, load_one<0>(columns_at[i + 1][n]), load_one<low>(columns_at[i + 1][n]));
        products.add(n, rows, columns);
      }
      if (with_row_sums) {
        tensor_core::multiply_tf32(row_sums.small[0], rows.low, ones.high);
        tensor_core::multiply_tf32(row_sums.large[0], rows.high, ones.high);
      }
    }
#pragma unroll
    for (unsigned i = 0; i < 4; ++i) {
      rows_at[i] += further;
#pragma unroll
      for (unsigned n = 0; n < 4; ++n) columns_at[i][n] += further;
    }
  }
  WideTileValues values;
  for (unsigned n = 0; n < 4; ++n)
    for (unsigned i = 0; i < 2; ++i) values.two[n][i] = {products.sum(n, 2 * i), products.sum(n, 2 * i + 1)};
  values.row_sums = {row_sums.sum(0, 0), row_sums.sum(0, 2)};
  return values;
}

}  // namespace frugal::cuda
