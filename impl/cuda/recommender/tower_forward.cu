#include <algorithm>

#include "impl/cuda/recommender/tower_block.hpp"

namespace frugal::cuda {
namespace {

__device__ float2 with_bias(const float2& x, const float2& bias, bool relu) {
  const float2 z{x.x + bias.x, x.y + bias.y};
  if (!relu) return z;
  return {z.x < 0 ? 0.F : z.x, z.y < 0 ? 0.F : z.y};
}

/// Shared memory: the weights, the inputs of each layer, and their low parts, but for the first's. A block without rows leaves at once: the first one has
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
    SharedMatrix input{weights + layers.shared_weights, rows, layers.layer[0].in_padded};
    load_rows(input, pass.in, first_row, count);
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
      const SharedMatrix next{input.data + rows * input.width, rows, layer.out_padded};
      float* const out = pass.outputs[l];
      each_tile(rows, layer.out_padded, [&](auto tiles, unsigned row, unsigned column) {
        using Values = TileValues<tiles()>;
        const unsigned c = column + Values::column();
        const float2 bias = load_two(pass.parameters + layer.bias + c);
        const SharedMatrix weight = shared_weight(weights, layer);
        const Values values = l == 0 ? times_rows<tiles()>(input, row, weight, column, layer.in_padded)
                                     : times_rows<tiles()>(SplitMatrix{input}, row, weight, column, layer.in_padded);
        const TilePlaces places(next, row, column);
        for (unsigned i = 0; i < 2 * tiles(); ++i) {
          const float2 result = with_bias(values.two[i], bias, !last);
          const unsigned r = row + Values::row(i);
          if (!last) SplitMatrix{next}.set_two(places[i], result);
          if (out != nullptr && first_row + r < count)
            *reinterpret_cast<float2*>(out + std::size_t{first_row + r} * layer.out_padded + c) = result;
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
