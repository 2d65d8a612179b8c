// The product of tile_product.hpp in tf32 and bf16 for devices whose tensor cores read shared memory (warpgroup.hpp):
//
//   C(i, j) = sum over k of A(i, k) B(j, k)        i < rows, j < columns, k < depth
//
// A block of 256 threads has a tile of 128 rows and 64 or 128 columns, each half of it 64 rows. Steps of 32 words of k
// come into shared memory by asynchronous copies, four steps ahead; the products of a step run while the next is waited
// for.
//
// Deterministic: the order of every sum follows from the shape. Tolerance: eps * sqrt(depth) of the terms with rounded
// operands.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/cuda/device/cooperation.hpp"
#include "impl/cuda/kernels/operand.hpp"
#include "impl/cuda/kernels/rows.hpp"
#include "impl/cuda/kernels/warpgroup.hpp"

namespace frugal::cuda {

inline constexpr unsigned warpgroup_product_threads = 256;
inline constexpr unsigned warpgroup_product_rows = 128;
inline constexpr unsigned warpgroup_product_stages = 6;
inline constexpr unsigned warpgroup_alignment = 1024;

/// Of a block's dynamic shared memory.
constexpr std::size_t warpgroup_product_bytes(unsigned tile_columns) {
  return std::size_t{warpgroup_product_stages} * (warpgroup_product_rows + tile_columns) * operand_tile_words *
             sizeof(std::uint32_t) +
         warpgroup_alignment;
}

/// Out: see tile_product().
template <Precision precision, unsigned tile_columns, class Out>
__global__ void __launch_bounds__(warpgroup_product_threads)
    warpgroup_product(Operand left, Operand right, Out out, Count rows, std::uint32_t columns, Count depth) {
  constexpr unsigned stages = warpgroup_product_stages;
  constexpr unsigned ahead = stages - 2;  // one is multiplied, one may still be
  constexpr unsigned tiles = tile_columns / 8;
  constexpr std::uint32_t row_bytes = operand_tile_words * 4;
  constexpr std::uint32_t left_bytes = warpgroup_product_rows * row_bytes;
  constexpr std::uint32_t stage_bytes = left_bytes + tile_columns * row_bytes;
  wait_for_launch_before();
  const std::uint32_t first_i = blockIdx.x * warpgroup_product_rows;
  const std::uint32_t first_j = blockIdx.y * tile_columns;
  const std::uint32_t row_count = rows();
  if (first_i >= row_count) return;
  auto* const shared = shared_memory<float>();
  const std::uint32_t base =
      (shared_address(shared) + warpgroup_alignment - 1) / warpgroup_alignment * warpgroup_alignment;
  constexpr std::uint32_t step_values = operand_tile_words * values_per_word<precision>;
  const std::uint32_t all_steps = (depth() + step_values - 1) / step_values;
  const std::uint32_t slice_steps = (all_steps + gridDim.z - 1) / gridDim.z;
  const std::uint32_t begin = min(blockIdx.z * slice_steps, all_steps);
  const std::uint32_t steps = min(slice_steps, all_steps - begin);

  // A thread copies the same piece of every 32nd row.
  constexpr unsigned pieces = operand_tile_words / 4;
  constexpr unsigned rows_at_once = warpgroup_product_threads / pieces;
  const unsigned own_row = threadIdx.x / pieces;
  const unsigned own_piece = threadIdx.x % pieces;
  const std::uint32_t own_at = own_row * row_bytes + (own_piece ^ own_row % 8) * 16;
  const std::uint32_t own_word = begin * operand_tile_words + own_piece * 4;
  const std::uint32_t* from_left = left.words + std::size_t{first_i + own_row} * left.stride + own_word;
  const std::uint32_t* from_right = right.words + std::size_t{first_j + own_row} * right.stride + own_word;
  unsigned to_stage = 0;
  const auto load = [&](std::uint32_t step) {
    if (step < steps) {
      const std::uint32_t to = base + to_stage * stage_bytes + own_at;
#pragma unroll
      for (unsigned n = 0; n < warpgroup_product_rows / rows_at_once; ++n)
        copy_async(to + n * rows_at_once * row_bytes, from_left + std::size_t{n} * rows_at_once * left.stride);
#pragma unroll
      for (unsigned n = 0; n < tile_columns / rows_at_once; ++n)
        copy_async(to + left_bytes + n * rows_at_once * row_bytes,
                   from_right + std::size_t{n} * rows_at_once * right.stride);
      from_left += operand_tile_words;
      from_right += operand_tile_words;
      to_stage = to_stage + 1 == stages ? 0 : to_stage + 1;
    }
    commit_copies();
  };
#pragma unroll
  for (unsigned step = 0; step < ahead; ++step) load(step);

  const unsigned warp = threadIdx.x / 32;
  const unsigned g = threadIdx.x % 32 / 4;
  const unsigned t = threadIdx.x % 4;
  const std::uint32_t i = first_i + 16 * warp + g;  // and i + 8
  const std::uint32_t j = first_j + 2 * t;          // and j + 8 n
  // What the end needs from memory is on its way meanwhile.
  std::uint32_t masks[2] = {~0U, ~0U};
  if constexpr (Out::has_mask) {
#pragma unroll
    for (unsigned h = 0; h < 2; ++h) {
      masks[h] = 0;
#pragma unroll
      for (unsigned n = 0; n < tiles; ++n) masks[h] |= out.mask(i + 8 * h, j + 8 * n) << 2 * n;
    }
  }

  float c[tiles][4] = {};
  unsigned stage = 0;
  for (std::uint32_t step = 0; step < steps; ++step) {
    wait_for_copies<ahead - 1>();
    publish_to_copies();
    __syncthreads();
    const std::uint32_t at = base + stage * stage_bytes;
    warpgroup::start_step<precision>(c, at + warp / 4 * 64 * row_bytes, at + left_bytes);
    warpgroup::wait_for_steps<1>();
    load(step + ahead);
    stage = stage + 1 == stages ? 0 : stage + 1;
  }
  warpgroup::wait_for_steps<0>();
  wait_for_copies<0>();
  let_next_launch_start();

  float2 of_columns[tiles];
#pragma unroll
  for (unsigned n = 0; n < tiles; ++n) of_columns[n] = out.column(j + 8 * n);
  float sums[Out::has_sums ? tiles : 1][2];
#pragma unroll
  for (unsigned n = 0; n < tiles; ++n) {
    const float2 top = out(blockIdx.z, i, j + 8 * n, make_float2(c[n][0], c[n][1]), of_columns[n],
                           masks[0] >> 2 * n & 3, i < row_count);
    const float2 bottom = out(blockIdx.z, i + 8, j + 8 * n, make_float2(c[n][2], c[n][3]), of_columns[n],
                              masks[1] >> 2 * n & 3, i + 8 < row_count);
    if constexpr (Out::has_sums) {
      sums[n][0] = top.x + bottom.x;
      sums[n][1] = top.y + bottom.y;
    }
  }
  if constexpr (Out::has_sums) {
    __syncthreads();  // all products are done: their operands go
    constexpr unsigned warps = warpgroup_product_threads / 32;
#pragma unroll
    for (unsigned n = 0; n < tiles; ++n)
#pragma unroll
      for (unsigned v = 0; v < 2; ++v) {
        float sum = sums[n][v];
        for (int bit = 4; bit < 32; bit *= 2) sum += __shfl_xor_sync(0xffffffffU, sum, bit);
        if (g == 0) shared[warp * tile_columns + 8 * n + 2 * t + v] = sum;
      }
    __syncthreads();
    if (threadIdx.x < tile_columns && first_j + threadIdx.x < columns) {
      float sum = 0;
#pragma unroll
      for (unsigned w = 0; w < warps; ++w) sum += shared[w * tile_columns + threadIdx.x];
      out.sums[std::size_t{blockIdx.x} * columns + first_j + threadIdx.x] = sum;
    }
  }
}

}  // namespace frugal::cuda
