// What the fused towers' kernels share: weights and rows into shared memory.
#pragma once
#include "impl/cuda/recommender/tower_pass.hpp"
#include "impl/cuda/recommender/tower_tile.hpp"

namespace frugal::cuda {

/// Past L1: it may hold what another launch has changed since (kernel_language.hpp).
__device__ inline float4 load_four(const float* at) { return __ldcg(reinterpret_cast<const float4*>(at)); }

__device__ inline SharedMatrix shared_weight(float* weights, const TowerLayer& layer) {
  return {weights + layer.shared, layer.in_padded};
}

/// Zeros around [out, in].
__device__ inline void load_weight(const SharedMatrix& to, const TowerLayer& layer, const float* weight) {
  const unsigned fours = layer.in_padded / 4;
  copy_by_block(
      layer.out_padded * fours,
      [&](unsigned n) {
        const unsigned o = n / fours;
        const unsigned i = n % fours * 4;
        if (o >= layer.out || i >= layer.in) return float4{0, 0, 0, 0};
        const float* const from = weight + o * layer.in + i;
        if (layer.in % 4 == 0) return load_four(from);
        return float4{__ldcg(from), i + 1 < layer.in ? __ldcg(from + 1) : 0, i + 2 < layer.in ? __ldcg(from + 2) : 0,
                      i + 3 < layer.in ? __ldcg(from + 3) : 0};
      },
      [&](unsigned n, const float4& value) { to.four(n / fours, n % fours * 4) = value; });
}

__device__ inline void load_weights(float* weights, const TowerLayers& layers, const float* parameters) {
  for (unsigned l = 0; l < layers.count; ++l)
    load_weight(shared_weight(weights, layers.layer[l]), layers.layer[l], parameters + layers.layer[l].weight);
}

/// Rows first ... first + rows - 1, of which those from `count` on are zeros, as are the columns behind a row's end.
__device__ inline void load_rows(const SharedMatrix& to, const TowerRowsIn& in, std::uint32_t first, unsigned rows,
                                 std::uint32_t count) {
  const unsigned fours = to.stride / 4;
  const bool whole_fours = in.dim % 4 == 0 && in.features_width % 4 == 0;
  copy_by_block(
      rows * fours,
      [&](unsigned n) {
        const std::uint32_t row = first + n / fours;
        const unsigned k = n % fours * 4;
        if (row >= count || k >= in.dim + in.features_width) return float4{0, 0, 0, 0};
        const std::size_t id = in.ids == nullptr ? row : __ldcg(in.ids + row);
        const float* const from = in.table + id * in.dim;
        const float* const more = in.features + id * in.features_width;
        if (whole_fours) return load_four(k < in.dim ? from + k : more + (k - in.dim));
        float value[4];
        for (unsigned i = 0; i < 4; ++i)
          value[i] = k + i < in.dim                       ? __ldcg(from + k + i)
                     : k + i < in.dim + in.features_width ? __ldcg(more + (k + i - in.dim))
                                                          : 0.F;
        return float4{value[0], value[1], value[2], value[3]};
      },
      [&](unsigned n, const float4& value) { to.four(n / fours, n % fours * 4) = value; });
}

/// The same of rows that lie side by side, to.stride floats each.
__device__ inline void load_dense_rows(const SharedMatrix& to, const float* from, std::uint32_t first, unsigned rows,
                                       std::uint32_t count) {
  const unsigned fours = to.stride / 4;
  copy_by_block(
      rows * fours,
      [&](unsigned n) {
        if (first + n / fours >= count) return float4{0, 0, 0, 0};
        return load_four(from + std::size_t{first} * to.stride + n * 4);
      },
      [&](unsigned n, const float4& value) { to.four(n / fours, n % fours * 4) = value; });
}

/// body(first row, first column) for the blocks of a matrix, `high` rows by `wide` columns each, dealt to the warps.
template <class Body>
__device__ void each_block(unsigned rows, unsigned high, unsigned columns, unsigned wide, const Body& body) {
  const unsigned down = rows / high;
  for (unsigned n = threadIdx.x / 32; n < down * (columns / wide); n += tower_warps)
    body(n % down * high, n / down * wide);
}

}  // namespace frugal::cuda
