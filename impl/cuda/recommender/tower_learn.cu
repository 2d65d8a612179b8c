#include <algorithm>

#include "impl/cuda/kernels/cross_entropy.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/tower_block.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned all = 0xffffffffU;
constexpr unsigned segment = 16;          // examples
constexpr unsigned lanes = 8;             // of an example
constexpr unsigned at_once = 32 / lanes;  // examples of a warp
constexpr unsigned rounds = segment / at_once;

/// The segments of the rows of a tile.
struct Segments {
  std::uint32_t* begin;  ///< [rows + 1]: which are those of row r
  std::uint32_t total;

  __device__ unsigned row_of(std::uint32_t s, unsigned rows) const {
    unsigned row = 0;
    for (unsigned r = threadIdx.x % 32; r - threadIdx.x % 32 < rows; r += 32)
      row += static_cast<unsigned>(__popc(__ballot_sync(all, r < rows && begin[r + 1] <= s ? 1 : 0)));
    return row;
  }
};

__device__ Segments find_segments(const PlannedSide& plan, std::uint32_t first_row, unsigned rows, std::uint32_t count,
                                  std::uint32_t* begin, ScanScratch& scratch) {
  const std::uint32_t row = first_row + threadIdx.x;
  std::uint32_t own = 0;
  if (threadIdx.x < rows && row < count)
    own = ((__ldcg(plan.ids.begin + row + 1) - __ldcg(plan.ids.begin + row)) * plan.examples + segment - 1) / segment;
  std::uint32_t total;
  const std::uint32_t before = block_scan(own, total, scratch);
  if (threadIdx.x < rows) begin[threadIdx.x] = before;
  if (threadIdx.x == 0) begin[rows] = total;
  __syncthreads();
  return {begin, total};
}

/// The columns of an output row that one of eight lanes has: 4 lane ... + 3 of each 32.
template <unsigned C>
struct OutputPart {
  float4 part[C];

  __device__ static OutputPart of(const float* outputs, std::uint32_t row) {
    OutputPart own;
    for (unsigned c = 0; c < C; ++c)
      own.part[c] = load_four(outputs + std::size_t{row} * (C * tile_width) + c * tile_width + threadIdx.x % lanes * 4);
    return own;
  }
  __device__ static OutputPart zero() {
    OutputPart own;
    for (float4& part : own.part) part = {0, 0, 0, 0};
    return own;
  }
  __device__ float dot(const OutputPart& other) const {
    float sum = 0;
    for (unsigned c = 0; c < C; ++c) {
      sum = fmaf(part[c].x, other.part[c].x, sum);
      sum = fmaf(part[c].y, other.part[c].y, sum);
      sum = fmaf(part[c].z, other.part[c].z, sum);
      sum = fmaf(part[c].w, other.part[c].w, sum);
    }
    return sum_over_lanes(sum, lanes, all);
  }
  __device__ void add(float factor, const OutputPart& other) {
    for (unsigned c = 0; c < C; ++c) {
      part[c].x = fmaf(factor, other.part[c].x, part[c].x);
      part[c].y = fmaf(factor, other.part[c].y, part[c].y);
      part[c].z = fmaf(factor, other.part[c].z, part[c].z);
      part[c].w = fmaf(factor, other.part[c].w, part[c].w);
    }
  }
  /// The sum over the lanes of a warp that have the same columns.
  __device__ void add_up() {
    for (float4& four : part)
      for (int step = lanes; step < 32; step *= 2) {
        four.x += __shfl_xor_sync(all, four.x, step);
        four.y += __shfl_xor_sync(all, four.y, step);
        four.z += __shfl_xor_sync(all, four.z, step);
        four.w += __shfl_xor_sync(all, four.w, step);
      }
  }
};

/// By one warp: sum over the examples of segment s of slope * output of the partner, to sum [C * 32]. Returns the
/// lane's part of their losses.
template <unsigned C>
__device__ double sum_segment(const TowerLearning& side, const Segments& segments, std::uint32_t s,
                              std::uint32_t first_row, unsigned rows, float weight, float* sum) {
  const unsigned in_tile = segments.row_of(s, rows);
  const std::uint32_t row = first_row + in_tile;
  const std::uint32_t begin =
      __ldcg(side.plan.ids.begin + row) * side.plan.examples + (s - segments.begin[in_tile]) * segment;
  const std::uint32_t end = min(begin + segment, __ldcg(side.plan.ids.begin + row + 1) * side.plan.examples);
  const unsigned lane = threadIdx.x % 32;
  const std::uint32_t partner = begin + lane < end ? __ldcg(side.plan.partners + begin + lane) : 0;
  const auto own = OutputPart<C>::of(side.outputs[side.layers.count - 1], row);
  const unsigned group = lane / lanes;
  OutputPart<C> others[rounds];
#pragma unroll
  for (unsigned i = 0; i < rounds; ++i) {
    const std::uint32_t other = __shfl_sync(all, partner, static_cast<int>(i * at_once + group));
    others[i] =
        begin + i * at_once + group < end ? OutputPart<C>::of(side.other_outputs, other / 2) : OutputPart<C>::zero();
  }
  auto slopes = OutputPart<C>::zero();
  double loss = 0;
#pragma unroll
  for (unsigned i = 0; i < rounds; ++i) {
    const float label = static_cast<float>(__shfl_sync(all, partner, static_cast<int>(i * at_once + group)) & 1U);
    const float z = own.dot(others[i]);
    slopes.add(cross_entropy_slope(z, label) * weight, others[i]);  // zeros where there is no example
    if (lane % lanes == 0 && begin + i * at_once + group < end) loss += static_cast<double>(cross_entropy(z, label));
  }
  slopes.add_up();
  if (group == 0)
    for (unsigned c = 0; c < C; ++c) reinterpret_cast<float4*>(sum)[c * lanes + lane] = slopes.part[c];
  return loss;
}

/// The gradients of the outputs of a tile's rows, by all threads. Returns the thread's part of the losses.
template <unsigned C>
__device__ double find_deltas(const TowerLearning& side, const Segments& segments, std::uint32_t first_row,
                              unsigned rows, float weight, float* sums, const SharedMatrix& delta) {
  const std::uint32_t room = segments_a_row * rows;
  double loss = 0;
  std::uint32_t first = 0;
  do {
    const std::uint32_t end = min(first + room, segments.total);
    for (std::uint32_t s = first + threadIdx.x / 32; s < end; s += tower_warps)
      loss += sum_segment<C>(side, segments, s, first_row, rows, weight, sums + (s - first) * (C * tile_width));
    __syncthreads();
    for (unsigned n = threadIdx.x; n < rows * C * lanes; n += tower_threads) {
      const unsigned row = n / (C * lanes);
      const unsigned column = n % (C * lanes);
      float4& total = delta.four(row, 4 * column);
      float4 value = first == 0 ? float4{0, 0, 0, 0} : total;
      for (std::uint32_t s = max(segments.begin[row], first); s < min(segments.begin[row + 1], end); ++s) {
        const float4 more = reinterpret_cast<const float4*>(sums)[(s - first) * (C * lanes) + column];
        value = {value.x + more.x, value.y + more.y, value.z + more.z, value.w + more.w};
      }
      total = value;
    }
    __syncthreads();
    first = end;
  } while (first < segments.total);
  return loss;
}

/// Adam on columns `column` ... + 3 of an embedding row.
__device__ void update_row(const UpdateStep& step, const TowerLearning& side, std::uint32_t row, unsigned column,
                           const float4& gradient) {
  const unsigned dim = side.in.dim;
  if (column >= dim) return;
  const std::size_t at = std::size_t{__ldcg(side.in.ids + row)} * dim + column;
  if (dim % 4 == 0) {
    float4 w = load_four(side.table + at);
    float4 m = load_four(side.table_first + at);
    float4 v = load_four(side.table_second + at);
    adam_update(step, gradient.x, w.x, m.x, v.x);
    adam_update(step, gradient.y, w.y, m.y, v.y);
    adam_update(step, gradient.z, w.z, m.z, v.z);
    adam_update(step, gradient.w, w.w, m.w, v.w);
    *reinterpret_cast<float4*>(side.table + at) = w;
    *reinterpret_cast<float4*>(side.table_first + at) = m;
    *reinterpret_cast<float4*>(side.table_second + at) = v;
    return;
  }
  const float values[] = {gradient.x, gradient.y, gradient.z, gradient.w};
  for (unsigned i = 0; i < 4 && column + i < dim; ++i) {
    float w = __ldcg(side.table + at + i);
    float m = __ldcg(side.table_first + at + i);
    float v = __ldcg(side.table_second + at + i);
    adam_update(step, values[i], w, m, v);
    side.table[at + i] = w;
    side.table_first[at + i] = m;
    side.table_second[at + i] = v;
  }
}

/// Four values of a gradient of a weight, from column `column` on.
__device__ void add_to_slice(float* row, unsigned column, unsigned width, const float4& value, bool first_tile) {
  if (width % 4 == 0) {
    const float4 before = first_tile ? float4{0, 0, 0, 0} : load_four(row + column);
    *reinterpret_cast<float4*>(row + column) = {before.x + value.x, before.y + value.y, before.z + value.z,
                                                before.w + value.w};
    return;
  }
  const float values[] = {value.x, value.y, value.z, value.w};
  for (unsigned i = 0; i < 4 && column + i < width; ++i)
    row[column + i] = (first_tile ? 0.F : __ldcg(row + column + i)) + values[i];
}

/// dW = D^T A and db = column sums of D over a tile of rows.
__device__ void find_weight_gradient(const TowerLayer& layer, const SharedMatrix& delta, const SharedMatrix& input,
                                     unsigned rows, float* slice, bool first_tile) {
  each_block(layer.out_padded, 16, layer.in_padded, 32, [&](unsigned row, unsigned column) {
    TileValues values[2];
    transposed_times_columns(delta, row, input, column, rows, values);
    const TileLane lane;
    for (unsigned half = 0; half < 2; ++half) {
      const unsigned c = column + 16 * half + lane.column;
      if (c >= layer.in) continue;
      for (unsigned i = 0; i < 2; ++i) {
        const unsigned o = row + 2 * lane.group + i;
        if (o < layer.out)
          add_to_slice(slice + layer.weight + std::size_t{o} * layer.in, c, layer.in,
                       i == 0 ? values[half].top : values[half].bottom, first_tile);
      }
    }
  });
  for (unsigned o = threadIdx.x; o < layer.out; o += tower_threads) {
    float sum = 0;
    for (unsigned r = 0; r < rows; ++r) sum += delta.at(r, o);
    float* const to = slice + layer.bias + o;
    *to = (first_tile ? 0.F : __ldcg(to)) + sum;
  }
}

__device__ SharedMatrix input_of(const TowerLayer& layer, float* inputs, unsigned rows) {
  return {inputs + rows * layer.inputs_before, layer.in_padded};
}

/// The layers back from `output_delta` on. inputs: of all layers; of all but the first they become the gradients.
__device__ void go_back(const TowerLearning& side, float* weights, float* inputs, const SharedMatrix& output_delta,
                        std::uint32_t first_row, unsigned rows, std::uint32_t count, const UpdateStep& update,
                        float* slice, bool first_tile) {
  const TowerLayers& layers = side.layers;
  SharedMatrix delta = output_delta;
  for (unsigned l = layers.count; l-- > 0;) {
    const TowerLayer& layer = layers.layer[l];
    const SharedMatrix input = input_of(layer, inputs, rows);
    const SharedMatrix weight = shared_weight(weights, layer);
    find_weight_gradient(layer, delta, input, rows, slice, first_tile);
    if (l == 0) break;
    __syncthreads();
    each_block(rows, 16, layer.in_padded, 16, [&](unsigned row, unsigned column) {
      const TileValues values = times_columns(delta, row, weight, column, layer.out_padded);
      const TileLane lane;
      for (unsigned half = 0; half < 2; ++half) {
        const float4& d = half == 0 ? values.top : values.bottom;
        float4& to = input.four(row + lane.group + 8 * half, column + lane.column);
        to = {to.x > 0 ? d.x : 0.F, to.y > 0 ? d.y : 0.F, to.z > 0 ? d.z : 0.F, to.w > 0 ? d.w : 0.F};
      }
    });
    delta = input;
    __syncthreads();
  }
  if (side.table == nullptr) return;
  const TowerLayer& layer = layers.layer[0];
  each_block(rows, 16, padded_width(side.in.dim), 16, [&](unsigned row, unsigned column) {
    const TileValues values = times_columns(delta, row, shared_weight(weights, layer), column, layer.out_padded);
    const TileLane lane;
    for (unsigned half = 0; half < 2; ++half) {
      const std::uint32_t r = first_row + row + lane.group + 8 * half;
      if (r < count) update_row(update, side, r, column + lane.column, half == 0 ? values.top : values.bottom);
    }
  });
}

/// Shared memory: the weights, the inputs of each layer, the gradients of the outputs, the sums of segments.
template <unsigned C>
__global__ void __launch_bounds__(tower_threads) run_learning(LearnTowers towers) {
  __shared__ ScanScratch scratch;
  __shared__ std::uint32_t segment_begin[most_tile_rows + 1];
  __shared__ double warp_losses[tower_warps];
  const unsigned which = blockIdx.x < towers.blocks[0] ? 0 : 1;
  const std::uint32_t block = blockIdx.x - (which == 0 ? 0 : towers.blocks[0]);
  const TowerLearning& side = towers.side[which];
  const TowerLayers& layers = side.layers;
  const unsigned rows = towers.tile_rows;
  const std::uint32_t count = side.in.rows();
  float* const weights = shared_memory<float>();
  float* const inputs = weights + layers.shared_weights;
  const SharedMatrix delta{inputs + rows * layers.inputs_padded, C * tile_width};
  float* const sums = delta.data + rows * delta.stride;

  // What the launch before this one does not change comes before the wait: lists, weights, table.
  const std::uint32_t examples = towers.step->count * towers.examples;
  const UpdateStep update = towers.step->update;
  float* const slice = side.slices + std::size_t{block} * layers.parameters;
  double loss = 0;
  bool first_tile = true;
  for (std::uint32_t first_row = block * rows; first_row < count; first_row += towers.blocks[which] * rows) {
    load_rows(input_of(layers.layer[0], inputs, rows), side.in, first_row, rows, count);
    if (first_tile) load_weights(weights, layers, side.parameters);
    const Segments segments = find_segments(side.plan, first_row, rows, count, segment_begin, scratch);
    if (first_tile) {
      wait_for_launch_before();
      let_next_launch_start();
    }
    for (unsigned l = 1; l < layers.count; ++l)
      load_dense_rows(input_of(layers.layer[l], inputs, rows), side.outputs[l - 1], first_row, rows, count);
    if (side.given_delta == nullptr)
      loss += find_deltas<C>(side, segments, first_row, rows, 1.F / static_cast<float>(examples), sums, delta);
    else
      load_dense_rows(delta, side.given_delta, first_row, rows, count);
    end_copies();
    __syncthreads();
    go_back(side, weights, inputs, delta, first_row, rows, count, update, slice, first_tile);
    first_tile = false;
    __syncthreads();
  }
  if (first_tile || which != 0 || side.given_delta != nullptr) return;
  loss = sum_over_warp(loss);
  if (threadIdx.x % 32 == 0) warp_losses[threadIdx.x / 32] = loss;
  __syncthreads();
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
