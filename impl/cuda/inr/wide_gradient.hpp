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
  const MatrixLane lane;
  const unsigned thread = threadIdx.x, warp = thread / 32;
  const unsigned in = warp / 4 * 32, out = warp % 4 * 32;
  const std::uint32_t address = shared_address(shared_memory<unsigned char>());
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
                                part_of_points % per_tile * 32 * Shape::width * 2;
#pragma unroll
      for (std::uint32_t part = 0; part < Shape::parts; ++part) {
        const std::uint32_t r = thread / 16, column = thread % 16 * 16;
        const std::int64_t at = from + part * Shape::buffer_low + r * (Shape::width * 2) + column;
        copy_async(to + part * Shape::gradient_low + thread * 16, scratch.activations + at + piece_in * 256);
        copy_async(to + (Shape::parts + part) * Shape::gradient_low + thread * 16,
                   scratch.deltas + at + piece_out * 256);
      }
    }
    commit_copies();
  };
  for (int q = 0; q < stages - 1; ++q) ask(begin + q);
  float sums[2][4][4];
  clear(sums);
  float scale = scales[begin / per_tile];
  float next_scale = scale;
#pragma unroll 1
  for (int q = begin; q < end; ++q) {
    if (q % per_tile == 0) {
      if (next_scale != scale) {
        const float ratio = next_scale / scale;
#pragma unroll
        for (int m = 0; m < 2; ++m)
#pragma unroll
          for (int n = 0; n < 4; ++n)
#pragma unroll
            for (int e = 0; e < 4; ++e) sums[m][n][e] *= ratio;
        scale = next_scale;
      }
      if (q + per_tile < end) next_scale = scales[q / per_tile + 1];
    }
    wait_for_copies<stages - 2>();
    __syncthreads();
    ask(q + stages - 1);
    const std::uint32_t at = address + static_cast<std::uint32_t>((q - begin) % stages) * Shape::gradient_stage_bytes;
    multiply_tiles<T, Shape::parts, Rows::depth, Rows::depth, 128, 128, 2>(
        sums, {at, Shape::gradient_low, in}, {at + Shape::parts * Shape::gradient_low, Shape::gradient_low, out}, lane);
  }
  const float factor = training.scale / scale / activation_scale<T>;
  float4* const to =
      reinterpret_cast<float4*>(scratch.gradients) +
      ((static_cast<std::int64_t>(blockIdx.y) * scratch.cuts + cut) * pieces + piece) * Shape::piece_float4 + thread;
#pragma unroll
  for (int m = 0; m < 2; ++m)
#pragma unroll
    for (int n = 0; n < 4; ++n)
      __stcg(
          to + (m * 4 + n) * static_cast<int>(wide_threads),
          make_float4(sums[m][n][0] * factor, sums[m][n][1] * factor, sums[m][n][2] * factor, sums[m][n][3] * factor));
#endif
}

}  // namespace frugal::cuda
