// The product behind dense layers, their gradients and Gram matrices, in fp32:
//
//   C(i, j) = sum over k of L(i, k) R(j, k)        i < rows, j < columns, k < depth
//
// L and R are read and C is written by small functions, so that one kernel serves every layout, gathered rows, and the
// bias, ReLU or mask of an epilogue. A block of 256 threads has a tile of 64 x 64; 16 steps of k are in shared memory
// at a time. Rows and depth may be counts that only the device knows: the grid covers the most there can be, and blocks
// beyond the count leave.
//
// A long depth is cut into slices, blockIdx.z, each with a C of its own, that are added up in order by whoever reads
// them: parallel sums over the examples of a batch without atomics.
//
// Deterministic: every C(i, j) of a slice is one sum in the order of k. Tolerance: eps * sqrt(depth) of the terms.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/cuda/device/device.hpp"
#include "impl/cuda/kernels/rows.hpp"

namespace frugal::cuda {

/// (i, k) at data[i * stride + k].
struct ByRows {
  static constexpr bool depth_is_contiguous = true;
  const float* data;
  std::size_t stride;
  __device__ float operator()(std::uint32_t i, std::uint32_t k) const { return data[i * stride + k]; }
};

/// (i, k) at data[k * stride + i].
struct ByColumns {
  static constexpr bool depth_is_contiguous = false;
  const float* data;
  std::size_t stride;
  __device__ float operator()(std::uint32_t i, std::uint32_t k) const { return data[k * stride + i]; }
};

/// (i, k) is value k of row i.
struct ByInputRows {
  static constexpr bool depth_is_contiguous = true;
  Rows rows;
  __device__ float operator()(std::uint32_t i, std::uint32_t k) const { return rows(i, k); }
};

/// (i, k) is value i of row k.
struct ByInputColumns {
  static constexpr bool depth_is_contiguous = false;
  Rows rows;
  __device__ float operator()(std::uint32_t i, std::uint32_t k) const { return rows(k, i); }
};

/// out[slice][i, j] = C
struct ToSlices {
  float* out;
  std::size_t stride;
  std::size_t slice_stride;
  __device__ void operator()(unsigned slice, std::uint32_t i, std::uint32_t j, float c) const {
    out[slice * slice_stride + i * stride + j] = c;
  }
};

inline constexpr unsigned product_tile = 64;
inline constexpr unsigned product_depth = 16;
inline constexpr unsigned product_own = 4;  ///< a thread has own x own values of C, 16 apart
inline constexpr unsigned product_threads = (product_tile / product_own) * (product_tile / product_own);

/// Of a row of a tile in shared memory: lanes that read side by side use banks of their own.
inline constexpr unsigned product_stride = product_tile + 1;

template <unsigned stride, class Operand>
__device__ void load_product_tile(float (*tile)[stride], const Operand& operand, std::uint32_t first,
                                  std::uint32_t count, std::uint32_t first_k, std::uint32_t end_k) {
  constexpr unsigned loads = product_tile * product_depth / product_threads;
  for (unsigned n = 0; n < loads; ++n) {
    const unsigned at = threadIdx.x + n * product_threads;
    const unsigned i = Operand::depth_is_contiguous ? at / product_depth : at % product_tile;
    const unsigned k = Operand::depth_is_contiguous ? at % product_depth : at / product_tile;
    tile[k][i] = first + i < count && first_k + k < end_k ? operand(first + i, first_k + k) : 0.F;
  }
}

inline constexpr unsigned product_apart = product_tile / product_own;

/// A thread's own values of a tile in fp32, those of rows threadIdx.x / apart + i apart and columns threadIdx.x % apart
/// + j apart: adds the products of product_depth steps of k.
inline __device__ void add_products(const float (*left)[product_stride], const float (*right)[product_stride],
                                    float (&c)[product_own][product_own]) {
  for (unsigned k = 0; k < product_depth; ++k) {
    float l[product_own];
    float r[product_own];
    for (unsigned n = 0; n < product_own; ++n) {
      l[n] = left[k][threadIdx.x / product_apart + n * product_apart];
      r[n] = right[k][threadIdx.x % product_apart + n * product_apart];
    }
    for (unsigned i = 0; i < product_own; ++i)
      for (unsigned j = 0; j < product_own; ++j) c[i][j] += l[i] * r[j];
  }
}

/// row_sums, when not null: [slices, row_sums_stride], the sums of L(i, .) over each slice: the gradient of a bias.
template <class Left, class Right, class Out>
__global__ void __launch_bounds__(product_threads)
    product(Left left, Right right, Out out, Count rows, std::uint32_t columns, Count depth, float* row_sums,
            std::size_t row_sums_stride) {
  __shared__ float left_tile[product_depth][product_stride];
  __shared__ float right_tile[product_depth][product_stride];
  const std::uint32_t row_count = rows();
  const std::uint32_t first_i = blockIdx.x * product_tile;
  const std::uint32_t first_j = blockIdx.y * product_tile;
  if (first_i >= row_count) return;
  const std::uint32_t all_k = depth();
  const std::uint32_t slice_k = (all_k + gridDim.z - 1) / gridDim.z;
  const std::uint32_t begin_k = min(blockIdx.z * slice_k, all_k);
  const std::uint32_t end_k = min(begin_k + slice_k, all_k);
  float c[product_own][product_own] = {};
  float row_sum = 0;
  for (std::uint32_t first_k = begin_k; first_k < end_k; first_k += product_depth) {
    load_product_tile(left_tile, left, first_i, row_count, first_k, end_k);
    load_product_tile(right_tile, right, first_j, columns, first_k, end_k);
    __syncthreads();
    add_products(left_tile, right_tile, c);
    if (row_sums != nullptr && threadIdx.x < product_tile)
      for (unsigned k = 0; k < product_depth; ++k) row_sum += left_tile[k][threadIdx.x];
    __syncthreads();
  }
  for (unsigned n = 0; n < product_own; ++n)
    for (unsigned m = 0; m < product_own; ++m) {
      const std::uint32_t i = first_i + threadIdx.x / product_apart + n * product_apart;
      const std::uint32_t j = first_j + threadIdx.x % product_apart + m * product_apart;
      if (i < row_count && j < columns) out(blockIdx.z, i, j, c[n][m]);
    }
  if (row_sums != nullptr && blockIdx.y == 0 && threadIdx.x < product_tile && first_i + threadIdx.x < row_count)
    row_sums[blockIdx.z * row_sums_stride + first_i + threadIdx.x] = row_sum;
}

/// Launches it over `slices` slices of the depth.
template <class Left, class Right, class Out>
void multiply(const char* name, const Stream& stream, const Left& left, const Right& right, const Out& out, Count rows,
              std::uint32_t columns, Count depth, unsigned slices = 1, float* row_sums = nullptr,
              std::size_t row_sums_stride = 0) {
  launch({name, {blocks_for(rows.most, product_tile), blocks_for(columns, product_tile), slices}, product_threads},
         stream, product<Left, Right, Out>, left, right, out, rows, columns, depth, row_sums, row_sums_stride);
}

}  // namespace frugal::cuda
