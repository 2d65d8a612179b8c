#include <algorithm>

#include "impl/cuda/recommender/tower_examples.hpp"

namespace frugal::cuda {
namespace {

/// Two columns, from an even one on, of an embedding row and its moments, loaded before the gradient is known.
struct RowPart {
  static constexpr std::uint32_t none = 0xffffffffU;
  std::uint32_t id;
  float2 w;
  float2 m;
  float2 v;

  __device__ void load(const TowerLearning& side, std::uint32_t row, std::uint32_t count, unsigned column) {
    id = row < count && column < side.in.stride ? __ldcg(side.in.ids + row) : none;
    w = m = v = {0, 0};
    if (id == none) return;
    const std::size_t at = std::size_t{id} * side.in.stride + column;
    w = load_two(side.table + at);
    m = load_two(side.table_first + at);
    v = load_two(side.table_second + at);
  }

  __device__ void update(const UpdateStep& step, const TowerLearning& side, unsigned column, const float2& gradient) {
    if (id == none) return;
    const std::size_t at = std::size_t{id} * side.in.stride + column;
    adam_update(step, gradient.x, w.x, m.x, v.x);
    adam_update(step, gradient.y, w.y, m.y, v.y);
    *reinterpret_cast<float2*>(side.table + at) = w;
    *reinterpret_cast<float2*>(side.table_first + at) = m;
    *reinterpret_cast<float2*>(side.table_second + at) = v;
  }
};

__device__ void add_to(float* to, float value) { *to = __ldcg(to) + value; }

/// dW = D^T A and db = column sums of D over a tile of rows.
__device__ void find_weight_gradient(const TowerLayer& layer, const SplitMatrix& delta, const SplitMatrix& input,
                                     unsigned rows, float* slice, bool first_tile) {
  each_block(layer.out_padded, 16, layer.in_padded, 32, [&](unsigned row, unsigned column) {
    const WideTileValues values = transposed_times_columns(delta, row, input, column, rows, column == 0);
    const TileLane tile;
    const unsigned o = row + 2 * tile.group;
    float* const to = slice + layer.weight + o * layer.in_padded + column + 2 * tile.in_group;
    float* const to_bias = slice + layer.bias + o;
    if (first_tile) {
#pragma unroll
      for (unsigned i = 0; i < 2; ++i)
#pragma unroll
        for (unsigned n = 0; n < 4; ++n)
          *reinterpret_cast<float2*>(to + i * layer.in_padded + 8 * n) = values.two[n][i];
      if (column == 0 && tile.in_group == 0) *reinterpret_cast<float2*>(to_bias) = values.row_sums;
      return;
    }
#pragma unroll
    for (unsigned i = 0; i < 2; ++i)
#pragma unroll
      for (unsigned n = 0; n < 4; ++n) {
        add_to(to + i * layer.in_padded + 8 * n, values.two[n][i].x);
        add_to(to + i * layer.in_padded + 8 * n + 1, values.two[n][i].y);
      }
    if (column == 0 && tile.in_group == 0) {
      add_to(to_bias, values.row_sums.x);
      add_to(to_bias + 1, values.row_sums.y);
    }
  });
}

__device__ SharedMatrix input_of(const TowerLayer& layer, float* inputs, unsigned rows) {
  return {inputs + rows * layer.inputs_before, rows, layer.in_padded};
}

/// n values into their two parts; n is a multiple of four.
__device__ void split_values(float* values, unsigned n) {
  for (unsigned i = 4 * threadIdx.x; i < n; i += 4 * tower_threads) {
    float4& four = reinterpret_cast<float4&>(values[i]);
    const SplitFloat x(four.x);
    const SplitFloat y(four.y);
    const SplitFloat z(four.z);
    const SplitFloat w(four.w);
    four = {x.high, y.high, z.high, w.high};
    reinterpret_cast<float4&>(values[i + low_distance]) = {x.low, y.low, z.low, w.low};
  }
}

/// The layers back from `output_delta` on. inputs: of all layers; of all but the first they become the gradients. Both
/// in two parts.
__device__ void go_back(const TowerLearning& side, float* weights, float* inputs, const SharedMatrix& output_delta,
                        std::uint32_t first_row, unsigned rows, std::uint32_t count, const TwoTowerStep& step,
                        float* slice, bool first_tile) {
  const TowerLayers& layers = side.layers;
  SplitMatrix delta{output_delta};
  for (unsigned l = layers.count; l-- > 0;) {
    const TowerLayer& layer = layers.layer[l];
    const SharedMatrix high = input_of(layer, inputs, rows);
    const SplitMatrix input{high};
    const SharedMatrix weight = shared_weight(weights, layer);
    find_weight_gradient(layer, delta, input, rows, slice, first_tile);
    if (l == 0) break;
    __syncthreads();
    each_tile(rows, layer.in_padded, [&](auto tiles, unsigned row, unsigned column) {
      using Values = TileValues<tiles()>;
      const Values values = times_columns<tiles()>(delta, row, weight, column, layer.out_padded);
      const TilePlaces places(high, row, column);
      for (unsigned i = 0; i < 2 * tiles(); ++i) {
        const float2 kept = two_at(high.data + places[i]);
        input.set_two(places[i], {kept.x > 0 ? values.two[i].x : 0.F, kept.y > 0 ? values.two[i].y : 0.F});
      }
    });
    delta = input;
    __syncthreads();
  }
  if (side.table == nullptr) return;
  const TowerLayer& layer = layers.layer[0];
  const UpdateStep update = step.update;
  each_tile(rows, padded_width(side.in.stride), [&](auto tiles, unsigned row, unsigned column) {
    using Values = TileValues<tiles()>;
    const unsigned c = column + Values::column();
    RowPart parts[2 * tiles()];
#pragma unroll
    for (unsigned i = 0; i < 2 * tiles(); ++i) parts[i].load(side, first_row + row + Values::row(i), count, c);
    const Values values = times_columns<tiles()>(delta, row, shared_weight(weights, layer), column, layer.out_padded);
#pragma unroll
    for (unsigned i = 0; i < 2 * tiles(); ++i) parts[i].update(update, side, c, values.two[i]);
  });
}

/// Shared memory: the weights, the inputs of each layer, the gradients of the outputs, the low parts of these two where
/// first the sums of segments are, the list of segments. A block without rows leaves at once: the first one of the users
/// has some, and ends behind the launch before.
template <unsigned C>
__global__ void __launch_bounds__(tower_threads) run_learning(LearnTowers towers) {
  __shared__ TileExamples examples;
  __shared__ double warp_losses[tower_warps];
  static_assert(sizeof examples + sizeof warp_losses <= tower_static_bytes);
  const unsigned which = blockIdx.x < towers.blocks[0] ? 0 : 1;
  const std::uint32_t block = blockIdx.x - (which == 0 ? 0 : towers.blocks[0]);
  const TowerLearning& side = towers.side[which];
  const TowerLayers& layers = side.layers;
  const unsigned rows = towers.tile_rows;
  const std::uint32_t count = side.in.rows();
  float* const weights = shared_memory<float>();
  float* const inputs = weights + layers.shared_weights;
  const SharedMatrix delta{inputs + rows * layers.inputs_padded, rows, C * tile_width};
  auto* const sums = reinterpret_cast<float4*>(inputs + low_distance);
  auto* const list = reinterpret_cast<TowerSegment*>(inputs + low_distance + rows * row_low_values(layers));
  // What the launch before this one does not change comes before the wait: lists, weights, table.
  const float weight = 1 / static_cast<float>(towers.step->count * towers.examples);
  float* const slice = side.slices + std::size_t{block} * layers.parameters;
  if (threadIdx.x % 32 == 0) warp_losses[threadIdx.x / 32] = 0;
  bool first_tile = true;
  for (std::uint32_t first_row = block * rows; first_row < count; first_row += towers.blocks[which] * rows) {
    load_rows(input_of(layers.layer[0], inputs, rows), side.in, first_row, count);
    if (first_tile) load_weights(weights, layers, side.parameters);
    if (side.given_delta == nullptr) {
      examples.find(side.plan, first_row, rows, count);
      examples.list(side.plan, rows, 0, min(examples.segments(rows), segments_a_row * rows), list);
    }
    if (first_tile) {
      wait_for_launch_before();
      let_next_launch_start();
    }
    for (unsigned l = 1; l < layers.count; ++l)
      load_dense_rows(input_of(layers.layer[l], inputs, rows), side.outputs[l - 1], first_row, count);
    if (side.given_delta == nullptr) {
      const double loss =
          sum_over_warp(find_deltas<C>(examples, side.plan, list, side.outputs[layers.count - 1], side.other_outputs,
                                       first_row, rows, weight, which == 0, sums, delta));
      if (threadIdx.x % 32 == 0) warp_losses[threadIdx.x / 32] += loss;
    } else {
      load_dense_rows(delta, side.given_delta, first_row, count);
    }
    end_copies();
    __syncthreads();
    split_values(inputs, rows * row_values(layers));
    __syncthreads();
    go_back(side, weights, inputs, delta, first_row, rows, count, *towers.step, slice, first_tile);
    first_tile = false;
    __syncthreads();
  }
  // Behind a barrier, where there was a tile.
  if (first_tile || which != 0 || side.given_delta != nullptr) return;
  if (threadIdx.x != 0) return;
  double total = 0;
  for (const double part : warp_losses) total += part;
  towers.losses[block] = total;
}

}  // namespace

void learn_towers(const LearnTowers& towers, const Stream& stream) {
  const std::size_t bytes = std::max(learn_bytes(towers.side[0].layers, towers.tile_rows),
                                     learn_bytes(towers.side[1].layers, towers.tile_rows));
  const LaunchShape shape{.name = "learn_towers",
                          .grid = towers.blocks[0] + towers.blocks[1],
                          .block = tower_threads,
                          .shared_bytes = bytes,
                          .static_bytes = tower_static_bytes,
                          .early = true};
  switch (towers.side[0].layers.output_padded() / tile_width) {
    case 1:
      return launch(shape, stream, run_learning<1>, towers);
    case 2:
      return launch(shape, stream, run_learning<2>, towers);
    default:
      return launch(shape, stream, run_learning<4>, towers);
  }
}

}  // namespace frugal::cuda
