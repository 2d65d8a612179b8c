#include <algorithm>

#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/tower_block.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned groups = mean_threads / (update_share / 4);

/// How many blocks of a side had rows.
__device__ std::uint32_t busy_blocks(const UpdateTowers& towers, bool of_users) {
  const std::uint32_t rows = __ldcg(of_users ? towers.rows[0] : towers.rows[1]);
  return min((rows + towers.tile_rows - 1) / towers.tile_rows, of_users ? towers.blocks[0] : towers.blocks[1]);
}

__device__ void finish_loss(const UpdateTowers& towers) {
  const std::uint32_t examples = towers.step->count * towers.examples;
  double sum = 0;
  if (towers.losses_of_examples != nullptr) {
    sum = sum_over_block(towers.losses_of_examples, examples);
  } else if (threadIdx.x < 32) {
    const std::uint32_t blocks = busy_blocks(towers, true);
    for (std::uint32_t b = threadIdx.x; b < blocks; b += 32) sum += __ldcg(towers.losses + b);
    sum = sum_over_warp(sum);
  }
  if (threadIdx.x == 0) towers.loss_of_steps[towers.step->number % towers.ring] = sum / static_cast<double>(examples);
}

/// Two blocks a multiprocessor: with more, a thread has no registers for its loads. The last block has the loss. A
/// thread has four parameters of every `groups`-th slice, then one.
__global__ void __launch_bounds__(mean_threads, 2) run_update(UpdateTowers towers) {
  __shared__ float4 parts[groups][update_share / 4];
  const std::uint32_t first = blockIdx.x * update_share;
  const bool of_users = first < towers.parameters_of[0];
  const std::uint32_t blocks = busy_blocks(towers, of_users);
  const UpdateStep step = towers.step->update;
  const bool of_loss = blockIdx.x + 1 == gridDim.x;
  const std::size_t own = std::size_t{first} + threadIdx.x;
  float w = 0;
  float m = 0;
  float v = 0;
  if (!of_loss && threadIdx.x < update_share) {
    w = __ldcg(towers.parameters + own);
    m = __ldcg(towers.first + own);
    v = __ldcg(towers.second + own);
  }
  wait_for_launch_before();
  let_next_launch_start();
  if (of_loss) {
    finish_loss(towers);
    return;
  }
  const unsigned lane = threadIdx.x % (update_share / 4);
  const unsigned group = threadIdx.x / (update_share / 4);
  const std::uint32_t size = of_users ? towers.parameters_of[0] : towers.parameters_of[1];
  const float* const from = of_users ? towers.slices[0] + first : towers.slices[1] + (first - towers.parameters_of[0]);
  float4 sum{0, 0, 0, 0};
  constexpr unsigned in_flight = 8;
  for (std::uint32_t base = group; base < blocks; base += in_flight * groups) {
    float4 more[in_flight];
#pragma unroll
    for (unsigned i = 0; i < in_flight; ++i) {
      const std::uint32_t b = min(base + i * groups, blocks - 1);
      more[i] = load_four(from + std::size_t{b} * size + 4 * lane);
    }
#pragma unroll
    for (unsigned i = 0; i < in_flight; ++i) {
      const bool there = base + i * groups < blocks;
      sum.x += there ? more[i].x : 0.F;
      sum.y += there ? more[i].y : 0.F;
      sum.z += there ? more[i].z : 0.F;
      sum.w += there ? more[i].w : 0.F;
    }
  }
  parts[group][lane] = sum;
  __syncthreads();
  if (threadIdx.x >= update_share) return;
  float gradient = 0;
  for (unsigned g = 0; g < groups; ++g) gradient += reinterpret_cast<const float*>(parts[g])[threadIdx.x];
  adam_update(step, gradient, w, m, v);
  towers.parameters[own] = w;
  towers.first[own] = m;
  towers.second[own] = v;
}

}  // namespace

void update_towers(const UpdateTowers& towers, const Stream& stream) {
  const unsigned blocks = (towers.parameters_of[0] + towers.parameters_of[1]) / update_share;
  launch({.name = "update_towers", .grid = blocks + 1, .block = mean_threads, .early = true}, stream, run_update,
         towers);
}

}  // namespace frugal::cuda
