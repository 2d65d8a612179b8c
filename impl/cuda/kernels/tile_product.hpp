// The product behind wide dense layers and their gradients, on tensor cores:
//
//   C(i, j) = sum over k of A(i, k) B(j, k)        i < rows, j < columns, k < depth
//
// A and B are operands (operand.hpp), k along their rows. A block of 256 threads has a tile of 128 x 128 or 64 x 64;
// steps of 32 words of k come into shared memory by asynchronous copies, four steps ahead. The block's eight warps are
// two groups of 2 x 2: one group takes the first half of each step, the other the second, so that a warp has a quarter
// of the tile and reads each word for twice as many products; the two sums are added at the end.
//
// Fragments come out of shared memory by matrix loads, which take 16 bytes of each of eight rows: piece p of row r lies
// at p ^ r % 8, so that the eight use all banks once.
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
#include "impl/cuda/kernels/half_operands.hpp"
#include "impl/cuda/kernels/operand.hpp"
#include "impl/cuda/kernels/rows.hpp"
#include "impl/cuda/kernels/tensor_core.hpp"
#include "impl/cuda/kernels/warpgroup_product.hpp"

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
    copy_async(shared + (row * operand_tile_words + (piece ^ row % 8) * 4) * 4,
               operand.words + std::size_t{first_row + row} * operand.stride + first_word + piece * 4);
  }
}

/// Words of a fragment in two parts of tf32, of which `words` keeps the first: rounded, ties away from 0. The NaN whose
/// bits overflow stays one in the rest, and the instruction cuts the rest to tf32.
template <int n>
__device__ void split(std::uint32_t (&words)[n], std::uint32_t (&rest)[n]) {
#pragma unroll
  for (int v = 0; v < n; ++v) {
    const float x = std::bit_cast<float>(words[v]);
    words[v] = (words[v] + 0x1000U) & 0xffffe000U;
    rest[v] = std::bit_cast<std::uint32_t>(x - std::bit_cast<float>(words[v]));
  }
}

/// Adds the products of a warp's rows of A, 16 a tile, and of B, 8 a tile, over 8 words of k. left, right: the addresses
/// of this lane's row for the first tiles.
template <Precision precision, unsigned row_tiles, unsigned column_tiles>
__device__ void multiply_step(float (&c)[row_tiles][column_tiles][4], std::uint32_t left, std::uint32_t right) {
  constexpr std::uint32_t row_bytes = operand_tile_words * 4;
  constexpr bool two_parts = precision == Precision::fp32;
  std::uint32_t a[row_tiles][4];
  std::uint32_t a_rest[two_parts ? row_tiles : 1][4];
#pragma unroll
  for (unsigned m = 0; m < row_tiles; ++m) {
    load_matrices<false>(a[m], left + 16 * m * row_bytes);
    if constexpr (two_parts) split(a[m], a_rest[m]);
  }
#pragma unroll
  for (unsigned pair = 0; pair < column_tiles / 2; ++pair) {
    std::uint32_t both[4];
    std::uint32_t both_rest[4];
    load_matrices<false>(both, right + 16 * pair * row_bytes);
    if constexpr (two_parts) split(both, both_rest);
#pragma unroll
    for (unsigned h = 0; h < 2; ++h) {
      const unsigned n = 2 * pair + h;
      const std::uint32_t b[2] = {both[2 * h], both[2 * h + 1]};
      if constexpr (two_parts) {
        const std::uint32_t b_rest[2] = {both_rest[2 * h], both_rest[2 * h + 1]};
#pragma unroll
        for (unsigned m = 0; m < row_tiles; ++m) tensor_core::multiply_tf32(c[m][n], a_rest[m], b);
#pragma unroll
        for (unsigned m = 0; m < row_tiles; ++m) tensor_core::multiply_tf32(c[m][n], a[m], b_rest);
      }
#pragma unroll
      for (unsigned m = 0; m < row_tiles; ++m) {
        if constexpr (precision == Precision::bf16)
          tensor_core::multiply_bf16(c[m][n], a[m], b);
        else
          tensor_core::multiply_tf32(c[m][n], a[m], b);
      }
    }
  }
}

}  // namespace tile_product_detail

/// Out takes C(i, j) and C(i, j + 1), j even, of any i and j of the tile, all lanes of a warp together, lane / 4 being
/// i % 8: `float2 operator()(slice, i, j, pair, column, mask, present)`; present: i is below the number of rows. What it
/// needs from memory is asked for beforehand, not between its stores: `float2 column(j)` of j and j + 1, and where it
/// has_mask, `mask(i, j)`, a bit of each of the two. Where it has_sums, `out.sums` [row tiles, columns] get the sums over
/// each tile's rows of what it returns.
template <Precision precision, unsigned tile, class Out>
__global__ void __launch_bounds__(tile_product_threads)
    tile_product(Operand left, Operand right, Out out, Count rows, std::uint32_t columns, Count depth) {
  using namespace tile_product_detail;
  constexpr unsigned quarter = tile / 2;  // rows and columns of a warp
  constexpr unsigned row_tiles = quarter / 16;
  constexpr unsigned column_tiles = quarter / 8;
  constexpr unsigned half = column_tiles / 2;
  constexpr unsigned stage_words = 2 * tile * operand_tile_words;
  wait_for_launch_before();
  const std::uint32_t first_i = blockIdx.x * tile;
  const std::uint32_t first_j = blockIdx.y * tile;
  const std::uint32_t row_count = rows();
  if (first_i >= row_count) return;
  auto* const shared = shared_memory<std::uint32_t>();
  const std::uint32_t base = shared_address(shared);
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
      const std::uint32_t stage = base + step % tile_product_stages * stage_words * 4;
      const std::uint32_t first_word = (begin + step) * operand_tile_words;
      load_step<tile>(stage, left, first_i, first_word);
      load_step<tile>(stage + tile * operand_tile_words * 4, right, first_j, first_word);
    }
    commit_copies();
  };
#pragma unroll
  for (unsigned step = 0; step + 1 < tile_product_stages; ++step) load(step);

  const std::uint32_t own_i = first_i + warp_row + g;                            // and i + 8, of each row tile
  const std::uint32_t own_j = first_j + warp_column + 8 * group * half + 2 * t;  // of half of the column tiles
  std::uint32_t masks[row_tiles];
#pragma unroll
  for (unsigned m = 0; m < row_tiles; ++m) {
    masks[m] = ~0U;
    if constexpr (Out::has_mask) {
      masks[m] = 0;
#pragma unroll
      for (unsigned n = 0; n < 2 * half; ++n)
        masks[m] |= out.mask(own_i + 16 * m + n % 2 * 8, own_j + n / 2 * 8) << 2 * n;
    }
  }

  float c[row_tiles][column_tiles][4] = {};
  // A warp whose quarter, or half of a step, is nothing but padding waits for the others.
  const bool in_matrix = first_i + warp_row < row_count && first_j + warp_column < columns;
  const std::uint32_t group_values = values - min(values, (begin * 2 + group) * (step_values / 2));
  const std::uint32_t own_steps = in_matrix ? (group_values + step_values - 1) / step_values : 0;
  // Of the four matrices of a load, this lane has the address of row lane % 8 of matrix lane / 8. Of A: the upper and the
  // lower eight rows at the first four words, then at the next four; of B: the first eight rows at both, then the next.
  const unsigned matrix = lane / 8;
  const std::uint32_t left_row = (warp_row + matrix % 2 * 8 + lane % 8) * (operand_tile_words * 4);
  const std::uint32_t right_row = (tile + warp_column + matrix / 2 * 8 + lane % 8) * (operand_tile_words * 4);
  for (std::uint32_t step = 0; step < steps; ++step) {
    wait_for_copies<tile_product_stages - 2>();
    __syncthreads();
    load(step + tile_product_stages - 1);
    if (step >= own_steps) continue;
    const std::uint32_t stage = base + step % tile_product_stages * stage_words * 4;
#pragma unroll
    for (unsigned eight = 0; eight < 2; ++eight) {
      const unsigned piece = group * 4 + eight * 2;
      multiply_step<precision>(c, stage + left_row + ((piece + matrix / 2) ^ lane % 8) * 16,
                               stage + right_row + ((piece + matrix % 2) ^ lane % 8) * 16);
    }
  }

  // Each group gives away half of its columns and finishes the other half.
  wait_for_copies<0>();
  let_next_launch_start();
  float2 of_columns[half];
#pragma unroll
  for (unsigned n = 0; n < half; ++n) of_columns[n] = out.column(own_j + 8 * n);
  __syncthreads();
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
      const std::uint32_t i = own_i + 16 * m;
      const std::uint32_t j = own_j + 8 * n;
      const float2 top =
          out(blockIdx.z, i, j, make_float2(own[0], own[1]), of_columns[n], masks[m] >> 4 * n & 3, i < row_count);
      const float2 bottom = out(blockIdx.z, i + 8, j, make_float2(own[2], own[3]), of_columns[n],
                                masks[m] >> (4 * n + 2) & 3, i + 8 < row_count);
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

/// What a block of either kernel computes.
struct ProductTile {
  unsigned rows;
  unsigned columns;  ///< both 64 or both 128; of warp groups, the rows are 128
  bool warpgroups;   ///< warpgroup_product(), not of fp32; else tile_product()
};

/// Launches it over `slices` slices of the depth.
template <Precision precision, class Out>
void multiply_tiles(const char* name, const Stream& stream, const ProductTile& tile, const Operand& left,
                    const Operand& right, const Out& out, Count rows, std::uint32_t columns, Count depth,
                    unsigned slices = 1) {
  const dim3 grid{blocks_for(rows.most, tile.rows), blocks_for(columns, tile.columns), slices};
  if constexpr (precision != Precision::fp32)
    if (tile.warpgroups) {
      const LaunchShape shape{.name = name,
                              .grid = grid,
                              .block = warpgroup_product_threads,
                              .shared_bytes = warpgroup_product_bytes(tile.columns),
                              .early = true};
      if (tile.columns == 128)
        launch(shape, stream, warpgroup_product<precision, 128, Out>, left, right, out, rows, columns, depth);
      else
        launch(shape, stream, warpgroup_product<precision, 64, Out>, left, right, out, rows, columns, depth);
      return;
    }
  const LaunchShape shape{.name = name,
                          .grid = grid,
                          .block = tile_product_threads,
                          .shared_bytes = tile_product_bytes(tile.rows),
                          .early = true};
  if (tile.rows == 128)
    launch(shape, stream, tile_product<precision, 128, Out>, left, right, out, rows, columns, depth);
  else
    launch(shape, stream, tile_product<precision, 64, Out>, left, right, out, rows, columns, depth);
}

}  // namespace frugal::cuda
