// What the fused towers' kernels share: weights and rows into shared memory.
#pragma once
#include <type_traits>

#include "impl/cuda/device/cooperation.hpp"
#include "impl/cuda/recommender/tower_pass.hpp"
#include "impl/cuda/recommender/tower_tile.hpp"

namespace frugal::cuda {

/// Past L1: it may hold what another launch has changed since (kernel_language.hpp). Copies go past it too.
__device__ inline float4 load_four(const float* at) { return __ldcg(reinterpret_cast<const float4*>(at)); }

__device__ inline float2 load_two(const float* at) { return __ldcg(reinterpret_cast<const float2*>(at)); }

__device__ inline SharedMatrix shared_weight(float* weights, const TowerLayer& layer) {
  return {weights + layer.shared, layer.out_padded, layer.in_padded};
}

/// body(row, column, to) for all fours of a matrix, dealt to the threads of the block.
template <class Body>
__device__ void each_four(const SharedMatrix& matrix, const Body& body) {
  const unsigned fours = matrix.width / 4;
  const unsigned down = tower_threads / fours;
  const unsigned right = tower_threads % fours;
  unsigned row = threadIdx.x / fours;
  unsigned column = threadIdx.x % fours;
  while (row < matrix.rows) {
    body(row, 4 * column, matrix.four(row, 4 * column));
    row += down;
    column += right;
    if (column >= fours) {
      column -= fours;
      ++row;
    }
  }
}

// The functions below start copies; end_copies() and a barrier end them.

__device__ inline void end_copies() {
  commit_copies();
  wait_for_copies<0>();
}

__device__ inline void copy_four(float4& to, const float* from) { copy_async(shared_address(&to), from); }

__device__ inline void load_weights(float* weights, const TowerLayers& layers, const float* parameters) {
  for (unsigned l = 0; l < layers.count; ++l) {
    const float* from = parameters + layers.layer[l].weight + 4 * threadIdx.x;
    each_four(shared_weight(weights, layers.layer[l]), [&](unsigned, unsigned, float4& four) {
      copy_four(four, from);
      from += 4 * tower_threads;
    });
  }
}

/// Rows first and on, of which those from `count` on are zeros, as are the columns behind a row's end.
__device__ inline void load_rows(const SharedMatrix& to, const TowerRowsIn& in, std::uint32_t first,
                                 std::uint32_t count) {
  const bool whole_fours = in.features_stride == 0 || in.dim % 4 == 0;
  each_four(to, [&](unsigned r, unsigned k, float4& four) {
    const std::uint32_t row = first + r;
    if (row >= count || k >= in.stride + in.features_stride) {
      four = {0, 0, 0, 0};
      return;
    }
    const std::size_t id = in.ids == nullptr ? row : __ldcg(in.ids + row);
    const float* const own = in.table + id * in.stride;
    const float* const more = in.features + id * in.features_stride;
    if (whole_fours) {
      copy_four(four, k < in.stride ? own + k : more + (k - in.stride));
      return;
    }
    const auto at = [&](unsigned column) {
      return column < in.dim                        ? __ldcg(own + column)
             : column < in.dim + in.features_stride ? __ldcg(more + (column - in.dim))
                                                    : 0.F;
    };
    four = {at(k), at(k + 1), at(k + 2), at(k + 3)};
  });
}

/// The same of rows that lie side by side, to.width floats each.
__device__ inline void load_dense_rows(const SharedMatrix& to, const float* from, std::uint32_t first,
                                       std::uint32_t count) {
  each_four(to, [&](unsigned r, unsigned k, float4& four) {
    if (first + r < count)
      copy_four(four, from + std::size_t{first + r} * to.width + k);
    else
      four = {0, 0, 0, 0};
  });
}

/// body(first row, first column) for the blocks of a matrix, `high` rows by `wide` columns each, dealt to the warps.
template <class Body>
__device__ void each_block(unsigned rows, unsigned high, unsigned columns, unsigned wide, const Body& body) {
  const unsigned down = rows / high;
  for (unsigned n = threadIdx.x / 32; n < down * (columns / wide); n += tower_warps)
    body(n % down * high, n / down * wide);
}

/// body(the number of its tiles of 8 rows, first row, first column) for blocks of 16 columns and 16 rows, or of 8 rows
/// where otherwise there would be no work for half of the warps.
template <class Body>
__device__ void each_tile(unsigned rows, unsigned columns, const Body& body) {
  if (rows / 16 * (columns / 16) * 2 <= tower_warps)
    each_block(rows, 8, columns, 16,
               [&](unsigned row, unsigned column) { body(std::integral_constant<unsigned, 1>(), row, column); });
  else
    each_block(rows, 16, columns, 16,
               [&](unsigned row, unsigned column) { body(std::integral_constant<unsigned, 2>(), row, column); });
}

}  // namespace frugal::cuda
