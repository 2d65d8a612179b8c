// The gradient of the hidden weights from what wide_points kept: activations^T deltas, over all points of a network.
#pragma once
#include <cstdint>

#include "impl/cuda/inr/fast_functions.hpp"
#include "impl/cuda/inr/wide_shape.hpp"

namespace frugal::cuda {

/// Grid [pieces * hidden * cuts, group].
template <class Shape>
__global__ void __launch_bounds__(wide_threads, 1)
    wide_weights(InrTraining training, WideScratch scratch, double* squares) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  using T = typename Shape::T;
  constexpr int stages = Shape::gradient_stages;
  constexpr int per_tile = Shape::points / 32;
  constexpr int panel = Shape::points * 128;  // of a tile
  const MatrixLane lane;
  const unsigned thread = threadIdx.x, warp = __shfl_sync(0xffffffffU, thread / 32, 0);
  const unsigned group = warp / 4;  // its 64 x 64: in panel group / 2 of the activations, group % 2 of the deltas
  const std::uint32_t address =
      (shared_address(shared_memory<unsigned char>()) + wide_alignment - 1) / wide_alignment * wide_alignment;
  const int pieces = Shape::pieces * scratch.hidden;
  const int piece = static_cast<int>(blockIdx.x) % pieces, cut = static_cast<int>(blockIdx.x) / pieces;
  const int layer = piece / Shape::pieces;
  const int piece_in = piece % Shape::pieces / Shape::pieces_across, piece_out = piece % Shape::pieces_across;
  const int k = scratch.first + static_cast<int>(blockIdx.y);

  if (blockIdx.x == 0 && warp == 0) {  // the loss of the step
    double sum = 0;
    for (int t = static_cast<int>(lane.id); t < scratch.tiles; t += 32)
      sum += scratch.squares[static_cast<std::int64_t>(blockIdx.y) * scratch.tiles + t];
#pragma unroll
    for (int bit = 16; bit > 0; bit /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, bit);
    if (thread == 0) {
      StaleStop curve = training.curves[k];
      const bool active = !curve.stopped(training.patience);
      if (active) {
        curve.add(sum);
        training.curves[k] = curve;
      }
      scratch.active[k] = active ? 1 : 0;
      squares[static_cast<std::int64_t>(scratch.done[k]) * training.networks + k] = curve.last;
      ++scratch.done[k];
    }
  }

  const int begin = static_cast<int>(static_cast<std::int64_t>(scratch.tiles) * cut / scratch.cuts) * per_tile;
  const int end = static_cast<int>(static_cast<std::int64_t>(scratch.tiles) * (cut + 1) / scratch.cuts) * per_tile;
  const std::int64_t first_tile = (static_cast<std::int64_t>(blockIdx.y) * scratch.hidden + layer) * scratch.tiles;
  const float* const scales = scratch.delta_scales + first_tile;
  const auto ask = [&](int part_of_points) {
    if (part_of_points < end) {
      const std::uint32_t to =
          address + static_cast<std::uint32_t>((part_of_points - begin) % stages) * Shape::gradient_stage_bytes;
      const std::int64_t from = (first_tile + part_of_points / per_tile) * Shape::tile_bytes +
                                part_of_points % per_tile * (32 * 128) + thread / 256 * panel + thread % 256 * 16;
#pragma unroll
      for (std::uint32_t part = 0; part < Shape::parts; ++part) {
        const std::int64_t at = from + part * Shape::buffer_low;
        copy_async(to + part * Shape::gradient_low + thread * 16, scratch.activations + at + piece_in * 2 * panel);
        copy_async(to + (Shape::parts + part) * Shape::gradient_low + thread * 16,
                   scratch.deltas + at + piece_out * 2 * panel);
      }
    }
    commit_copies();
  };
  for (int q = 0; q < Shape::gradient_ahead; ++q) ask(begin + q);
  float sums[8][4];
  clear(sums);
  float scale = scales[begin / per_tile];
  float next_scale = scale;
#pragma unroll 1
  for (int q = begin; q < end; ++q) {
    if (q % per_tile == 0) {
      if (next_scale != scale) {
        warpgroup::wait_for_steps<0>();
        const float ratio = next_scale / scale;
#pragma unroll
        for (int n = 0; n < 8; ++n)
#pragma unroll
          for (int e = 0; e < 4; ++e) sums[n][e] *= ratio;
        scale = next_scale;
      }
      if (q + per_tile < end) next_scale = scales[q / per_tile + 1];
    }
    wait_for_copies<Shape::gradient_ahead - 1>();
    warpgroup::wait_for_steps<1>();
    publish_to_copies();
    __syncthreads();
    ask(q + Shape::gradient_ahead);
    const std::uint32_t left = address + static_cast<std::uint32_t>((q - begin) % stages) * Shape::gradient_stage_bytes;
    const std::uint32_t right = left + Shape::parts * Shape::gradient_low;
    warpgroup::begin_step();
#pragma unroll
    for (unsigned step = 0; step < 2; ++step)
#pragma unroll
      for (unsigned product = 0; product < 2 * Shape::parts - 1; ++product)
        warpgroup::add_product<T, TileRows::depth>(
            sums, left + group / 2 * (32 * 128) + step * (16 * 128) + (product == 2 ? Shape::gradient_low : 0),
            right + group % 2 * (32 * 128) + step * (16 * 128) + (product == 1 ? Shape::gradient_low : 0), 0);
    warpgroup::end_step();
  }
  warpgroup::wait_for_steps<0>();
  const float factor = training.scale / scale / Shape::Function::scale;
  float4* const to =
      reinterpret_cast<float4*>(scratch.gradients) +
      ((static_cast<std::int64_t>(blockIdx.y) * scratch.cuts + cut) * pieces + piece) * Shape::piece_float4 + thread;
#pragma unroll
  for (int n = 0; n < 8; ++n)
    __stcg(to + n * static_cast<int>(wide_threads),
           make_float4(sums[n][0] * factor, sums[n][1] * factor, sums[n][2] * factor, sums[n][3] * factor));
#endif
}

}  // namespace frugal::cuda
