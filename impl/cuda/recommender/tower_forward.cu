#include <algorithm>

#include "impl/cuda/recommender/tower_block.hpp"

namespace frugal::cuda {
namespace {

__device__ float with_bias(float x, const float* bias, unsigned column, const TowerLayer& layer, bool relu) {
  if (column >= layer.out) return 0;
  const float z = x + __ldcg(bias + column);
  return relu && z < 0 ? 0.F : z;
}

/// Shared memory: the weights, and the inputs of each layer. A block without rows leaves at once: the first one has
/// some, and ends behind the launch before.
__global__ void __launch_bounds__(tower_threads) run_forward(ForwardTowers towers) {
  const unsigned which = blockIdx.x < towers.blocks[0] ? 0 : 1;
  const TowerPass& pass = towers.side[which];
  const TowerLayers& layers = pass.layers;
  float* const weights = shared_memory<float>();
  const unsigned rows = towers.tile_rows;
  const std::uint32_t count = pass.in.rows();
  const std::uint32_t first_block = which == 0 ? 0 : towers.blocks[0];
  bool first = true;
  for (std::uint32_t first_row = (blockIdx.x - first_block) * rows; first_row < count;
       first_row += towers.blocks[which] * rows) {
    SharedMatrix input{weights + layers.shared_weights, layers.layer[0].in_padded};
    load_rows(input, pass.in, first_row, rows, count);
    if (first) {  // the weights are all that the launch before this one changed
      wait_for_launch_before();
      let_next_launch_start();
      load_weights(weights, layers, pass.parameters);
      first = false;
    }
    end_copies();
    __syncthreads();
    for (unsigned l = 0; l < layers.count; ++l) {
      const TowerLayer& layer = layers.layer[l];
      const bool last = l + 1 == layers.count;
      const SharedMatrix next{input.data + rows * input.stride, layer.out_padded};
      float* const out = pass.outputs[l];
      each_block(rows, 16, layer.out_padded, 16, [&](unsigned row, unsigned column) {
        const TileValues values = times_rows(input, row, shared_weight(weights, layer), column, layer.in_padded);
        const TileLane lane;
        const float* const bias = pass.parameters + layer.bias;
        const unsigned c = column + lane.column;
        for (unsigned half = 0; half < 2; ++half) {
          const float4& value = half == 0 ? values.top : values.bottom;
          const float4 result{with_bias(value.x, bias, c, layer, !last), with_bias(value.y, bias, c + 1, layer, !last),
                              with_bias(value.z, bias, c + 2, layer, !last),
                              with_bias(value.w, bias, c + 3, layer, !last)};
          const unsigned r = row + lane.group + 8 * half;
          if (!last) next.four(r, c) = result;
          if (out != nullptr && first_row + r < count)
            *reinterpret_cast<float4*>(out + std::size_t{first_row + r} * layer.out_padded + c) = result;
        }
      });
      input = next;
      __syncthreads();
    }
  }
}

}  // namespace

void forward_towers(const ForwardTowers& towers, bool early, const Stream& stream) {
  std::size_t bytes = 0;
  for (unsigned s = 0; s < 2; ++s)
    if (towers.blocks[s] > 0) bytes = std::max(bytes, forward_bytes(towers.side[s].layers, towers.tile_rows));
  launch({.name = "forward_towers",
          .grid = towers.blocks[0] + towers.blocks[1],
          .block = tower_threads,
          .shared_bytes = bytes,
          .early = early},
         stream, run_forward, towers);
}

}  // namespace frugal::cuda
