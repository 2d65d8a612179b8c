// The product behind wide dense layers and their gradients, on tensor cores:
//
//   C(i, j) = sum over k of A(i, k) B(j, k)        i < rows, j < columns, k < depth
//
// A and B are operands (operand.hpp), k along their rows. A block of 256 threads has a tile of 128 x 128 or 64 x 64;
// steps of 32 words of k come into shared memory by asynchronous copies, four steps ahead. The block's eight warps are
// two groups of 2 x 2: one group takes the first half of each step, the other the second, so that a warp has a quarter
// of the tile and reads each word for twice as many products; the two sums are added at the end.
//
// A lane reads 16 bytes along k at a time. What an instruction takes for its k = t and t + 4 are then two neighbours in
// memory: another order of the terms of the sum, the same for A and B. Neighbouring rows have their halves exchanged in
// shared memory, so that the eight lanes of a read use all banks once.
//
// fp32 operands are split into two of tf32, x = high + low, and three products of the four are taken: what is lost is
// below 2^-21 of a term.
//
// A long depth is cut into slices, blockIdx.z, each with a C of its own. Rows and depth may be counts that only the
// device knows.
//
// Deterministic: the order of every sum follows from the shape. Tolerance: eps * sqrt(depth) of the terms with rounded
// operands.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/cuda/device/cooperation.hpp"
#include "impl/cuda/kernels/operand.hpp"
#include "impl/cuda/kernels/rows.hpp"
#include "impl/cuda/kernels/tensor_core.hpp"

namespace frugal::cuda {

inline constexpr unsigned tile_product_threads = 256;
inline constexpr unsigned tile_product_stages = 4;

/// Of a block's dynamic shared memory.
constexpr std::size_t tile_product_bytes(unsigned tile) {
  return std::size_t{tile_product_stages} * 2 * tile * operand_tile_words * sizeof(std::uint32_t);
}

namespace tile_product_detail {

/// Starts the copy of `tile` rows of one step of k.
template <unsigned tile>
__device__ void load_step(std::uint32_t shared, const Operand& operand, std::uint32_t first_row,
                          std::uint32_t first_word) {
  constexpr unsigned pieces = operand_tile_words / 4;
#pragma unroll
  for (unsigned n = 0; n < tile * pieces / tile_product_threads; ++n) {
    const unsigned at = threadIdx.x + n * tile_product_threads;
    const unsigned row = at / pieces;
    const unsigned piece = at % pieces;
    copy_async(shared + (row * operand_tile_words + (piece ^ row % 2 * 4) * 4) * 4,
               operand.words + std::size_t{first_row + row} * operand.stride + first_word + piece * 4);
  }
}

/// What a lane holds of a row for two instructions: words 2 p and 2 p + 1 are k = t and t + 4 of product p.
template <Precision precision>
struct Words {
  std::uint32_t high[4];
};

template <>
struct Words<Precision::fp32> {
  std::uint32_t high[4];
  std::uint32_t rest[4];
};

template <Precision precision>
__device__ Words<precision> read_words(const std::uint32_t* at) {
  Words<precision> words;
  const uint4 read = *reinterpret_cast<const uint4*>(at);
  words.high[0] = read.x;
  words.high[1] = read.y;
  words.high[2] = read.z;
  words.high[3] = read.w;
  if constexpr (precision == Precision::fp32) {
#pragma unroll
    for (unsigned n = 0; n < 4; ++n) {
      // Rounded, ties away from 0. The NaN whose bits overflow stays one in the rest. The instruction cuts the rest.
      const std::uint32_t x = words.high[n];
      const std::uint32_t high = (x + 0x1000U) & 0xffffe000U;
      words.high[n] = high;
      words.rest[n] = std::bit_cast<std::uint32_t>(std::bit_cast<float>(x) - std::bit_cast<float>(high));
    }
  }
  return words;
}

/// c += product p of the words of rows g (top) and g + 8 (bottom) of A with those of B.
template <Precision precision>
__device__ void multiply_words(float (&c)[4], const Words<precision>& top, const Words<precision>& bottom,
                               const Words<precision>& right, unsigned p) {
  const unsigned n = 2 * p;
  const std::uint32_t a[4] = {top.high[n], bottom.high[n], top.high[n + 1], bottom.high[n + 1]};
  const std::uint32_t b[2] = {right.high[n], right.high[n + 1]};
  if constexpr (precision == Precision::bf16) {
    tensor_core::multiply_bf16(c, a, b);
  } else {
    if constexpr (precision == Precision::fp32) {
      const std::uint32_t a_rest[4] = {top.rest[n], bottom.rest[n], top.rest[n + 1], bottom.rest[n + 1]};
      const std::uint32_t b_rest[2] = {right.rest[n], right.rest[n + 1]};
      tensor_core::multiply_tf32(c, a_rest, b);
      tensor_core::multiply_tf32(c, a, b_rest);
    }
    tensor_core::multiply_tf32(c, a, b);
  }
}

}  // namespace tile_product_detail

/// Out takes C(i, j) and C(i, j + 1), j even, of any i and j of the tile: `float2 operator()(slice, i, j, pair, present)`;
/// present: i is below the number of rows. Where it has_sums, `out.sums` [row tiles, columns] get the sums over each
/// tile's rows of what it returns.
template <Precision precision, unsigned tile, class Out>
__global__ void __launch_bounds__(tile_product_threads)
    tile_product(Operand left, Operand right, Out out, Count rows, std::uint32_t columns, Count depth) {
  using namespace tile_product_detail;
  constexpr unsigned quarter = tile / 2;  // rows and columns of a warp
  constexpr unsigned row_tiles = quarter / 16;
  constexpr unsigned column_tiles = quarter / 8;
  constexpr unsigned stage_words = 2 * tile * operand_tile_words;
  const std::uint32_t first_i = blockIdx.x * tile;
  const std::uint32_t first_j = blockIdx.y * tile;
  const std::uint32_t row_count = rows();
  if (first_i >= row_count) return;
  auto* const shared = shared_memory<std::uint32_t>();
  constexpr std::uint32_t step_values = operand_tile_words * values_per_word<precision>;
  const std::uint32_t values = depth();
  const std::uint32_t all_steps = (values + step_values - 1) / step_values;
  const std::uint32_t slice_steps = (all_steps + gridDim.z - 1) / gridDim.z;
  const std::uint32_t begin = min(blockIdx.z * slice_steps, all_steps);
  const std::uint32_t steps = min(slice_steps, all_steps - begin);

  const unsigned lane = threadIdx.x % 32;
  const unsigned warp = threadIdx.x / 32;
  const unsigned group = warp / 4;
  const unsigned warp_row = warp / 2 % 2 * quarter;
  const unsigned warp_column = warp % 2 * quarter;
  const unsigned g = lane / 4;
  const unsigned t = lane % 4;

  const auto load = [&](std::uint32_t step) {
    if (step < steps) {
      const std::uint32_t stage = shared_address(shared) + step % tile_product_stages * stage_words * 4;
      const std::uint32_t first_word = (begin + step) * operand_tile_words;
      load_step<tile>(stage, left, first_i, first_word);
      load_step<tile>(stage + tile * operand_tile_words * 4, right, first_j, first_word);
    }
    commit_copies();
  };
#pragma unroll
  for (unsigned step = 0; step + 1 < tile_product_stages; ++step) load(step);

  float c[row_tiles][column_tiles][4] = {};
  // A warp whose quarter, or half of a step, is nothing but padding waits for the others.
  const bool in_matrix = first_i + warp_row < row_count && first_j + warp_column < columns;
  const std::uint32_t group_values = values - min(values, (begin * 2 + group) * (step_values / 2));
  const std::uint32_t own_steps = in_matrix ? (group_values + step_values - 1) / step_values : 0;
  const unsigned piece = ((group * 4 + t) ^ g % 2 * 4) * 4;
  const unsigned left_at = (warp_row + g) * operand_tile_words + piece;
  const unsigned right_at = (tile + warp_column + g) * operand_tile_words + piece;
  for (std::uint32_t step = 0; step < steps; ++step) {
    wait_for_copies<tile_product_stages - 2>();
    __syncthreads();
    load(step + tile_product_stages - 1);
    if (step >= own_steps) continue;
    const std::uint32_t* const stage = shared + step % tile_product_stages * stage_words;
    Words<precision> a[row_tiles][2];
#pragma unroll
    for (unsigned m = 0; m < row_tiles; ++m) {
      a[m][0] = read_words<precision>(stage + left_at + (16 * m) * operand_tile_words);
      a[m][1] = read_words<precision>(stage + left_at + (16 * m + 8) * operand_tile_words);
    }
#pragma unroll
    for (unsigned n = 0; n < column_tiles; ++n) {
      const Words<precision> b = read_words<precision>(stage + right_at + (8 * n) * operand_tile_words);
#pragma unroll
      for (unsigned p = 0; p < 2; ++p)
#pragma unroll
        for (unsigned m = 0; m < row_tiles; ++m) multiply_words<precision>(c[m][n], a[m][0], a[m][1], b, p);
    }
  }

  // Each group gives away half of its columns and finishes the other half.
  wait_for_copies<0>();
  __syncthreads();
  constexpr unsigned half = column_tiles / 2;
  auto* const given = reinterpret_cast<float*>(shared) + (warp % 4 * 2) * row_tiles * half * 4 * 32 + lane;
#pragma unroll
  for (unsigned m = 0; m < row_tiles; ++m)
#pragma unroll
    for (unsigned n = 0; n < half; ++n)
#pragma unroll
      for (unsigned v = 0; v < 4; ++v)
        given[(((1 - group) * row_tiles + m) * half * 4 + n * 4 + v) * 32] =
            group == 0 ? c[m][n + half][v] : c[m][n][v];
  __syncthreads();
  float sums[half][2] = {};
#pragma unroll
  for (unsigned m = 0; m < row_tiles; ++m)
#pragma unroll
    for (unsigned n = 0; n < half; ++n) {
      float own[4];
#pragma unroll
      for (unsigned v = 0; v < 4; ++v)
        own[v] = (group == 0 ? c[m][n][v] : c[m][n + half][v]) +
                 given[((group * row_tiles + m) * half * 4 + n * 4 + v) * 32];
      const std::uint32_t j = first_j + warp_column + 8 * (n + group * half) + 2 * t;
      const std::uint32_t i = first_i + warp_row + 16 * m + g;
      const float2 top = out(blockIdx.z, i, j, make_float2(own[0], own[1]), i < row_count);
      const float2 bottom = out(blockIdx.z, i + 8, j, make_float2(own[2], own[3]), i + 8 < row_count);
      sums[n][0] += top.x + bottom.x;
      sums[n][1] += top.y + bottom.y;
    }
  if constexpr (Out::has_sums) {
    __syncthreads();                                        // what was given is read
    auto* const halves = reinterpret_cast<float*>(shared);  // [2, tile]
#pragma unroll
    for (unsigned n = 0; n < half; ++n)
#pragma unroll
      for (unsigned v = 0; v < 2; ++v) {
        float sum = sums[n][v];
        for (int bit = 4; bit < 32; bit *= 2) sum += __shfl_xor_sync(0xffffffffU, sum, bit);
        if (g == 0) halves[warp / 2 % 2 * tile + warp_column + 8 * (n + group * half) + 2 * t + v] = sum;
      }
    __syncthreads();
    const std::uint32_t j = first_j + threadIdx.x;
    if (threadIdx.x < tile && j < columns)
      out.sums[std::size_t{blockIdx.x} * columns + j] = halves[threadIdx.x] + halves[tile + threadIdx.x];
  }
}

/// Launches it over `slices` slices of the depth.
template <Precision precision, class Out>
void multiply_tiles(const char* name, const Stream& stream, unsigned tile, const Operand& left, const Operand& right,
                    const Out& out, Count rows, std::uint32_t columns, Count depth, unsigned slices = 1) {
  const LaunchShape shape{name,
                          {blocks_for(rows.most, tile), blocks_for(columns, tile), slices},
                          tile_product_threads,
                          tile_product_bytes(tile)};
  if (tile == 128)
    launch(shape, stream, tile_product<precision, 128, Out>, left, right, out, rows, columns, depth);
  else
    launch(shape, stream, tile_product<precision, 64, Out>, left, right, out, rows, columns, depth);
}

}  // namespace frugal::cuda
