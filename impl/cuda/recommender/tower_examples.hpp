// The examples of a tile of rows: their scores z = u . v, losses and slopes, and the gradient of each row's output,
//
//   d[row] = sum over its examples of slope * output of the partner.
//
// A row's examples are cut into segments of four. Eight lanes take a segment, each with some columns of all outputs; the
// sums of segments go through shared memory, where they are added in order. What can be known before the outputs are
// there, the lists, is in shared memory by then: behind a segment stands one wait for device memory.
#pragma once
#include "impl/cuda/kernels/cross_entropy.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/tower_block.hpp"

namespace frugal::cuda {

inline constexpr unsigned example_lanes = 8;  ///< of an example
inline constexpr unsigned segments_at_once = tower_threads / example_lanes;

/// The segments of the rows of a tile. In shared memory.
struct TileExamples {
  std::uint32_t segment_begin[most_tile_rows + 1];  ///< which are those of row r
  std::uint32_t example_begin[most_tile_rows + 1];  ///< where the partners of row r begin
  ScanScratch scratch;

  __device__ std::uint32_t segments(unsigned rows) const { return segment_begin[rows]; }

  /// Of rows first_row ... of `count`, of which the tile may have fewer than `rows`.
  __device__ void find(const PlannedSide& plan, std::uint32_t first_row, unsigned rows, std::uint32_t count) {
    const auto begin_of = [&](std::uint32_t row) { return __ldcg(plan.ids.begin + min(row, count)) * plan.examples; };
    std::uint32_t own = 0;
    if (threadIdx.x < rows) {
      const std::uint32_t begin = begin_of(first_row + threadIdx.x);
      const std::uint32_t end = begin_of(first_row + threadIdx.x + 1);
      own = (end - begin + segment_length - 1) / segment_length;
      example_begin[threadIdx.x] = begin;
      if (threadIdx.x + 1 == rows) example_begin[rows] = end;
    }
    std::uint32_t total;
    const std::uint32_t before = block_scan(own, total, scratch);
    if (threadIdx.x < rows) segment_begin[threadIdx.x] = before;
    if (threadIdx.x == 0) segment_begin[rows] = total;
    __syncthreads();
  }

  /// list[s - first] = segment s, first <= s < end.
  __device__ void list(const PlannedSide& plan, unsigned rows, std::uint32_t first, std::uint32_t end,
                       TowerSegment* list) const {
    for (std::uint32_t s = first + threadIdx.x; s < end; s += tower_threads) {
      unsigned row = 0;
      for (unsigned above = rows; above - row > 1;) {
        const unsigned middle = (row + above) / 2;
        (segment_begin[middle] <= s ? row : above) = middle;
      }
      TowerSegment& segment = list[s - first];
      const std::uint32_t begin = example_begin[row] + (s - segment_begin[row]) * segment_length;
      segment.row = row;
      segment.count = min(segment_length, example_begin[row + 1] - begin);
      for (unsigned i = 0; i < segment_length; ++i)
        segment.partners[i] = i < segment.count ? __ldcg(plan.partners + begin + i) : 0;
    }
    __syncthreads();
  }
};

/// The columns of an output row that one of eight lanes has: 4 lane ... + 3 of each 32.
template <unsigned C>
struct OutputPart {
  float4 part[C];

  __device__ static OutputPart of(const float* outputs, std::uint32_t row) {
    OutputPart own;
#pragma unroll
    for (unsigned c = 0; c < C; ++c)
      own.part[c] =
          load_four(outputs + std::size_t{row} * (C * tile_width) + c * tile_width + threadIdx.x % example_lanes * 4);
    return own;
  }
  __device__ static OutputPart zero() {
    OutputPart own;
#pragma unroll
    for (unsigned c = 0; c < C; ++c) own.part[c] = {0, 0, 0, 0};
    return own;
  }
  __device__ float dot(const OutputPart& other) const {
    float sum = 0;
#pragma unroll
    for (unsigned c = 0; c < C; ++c) {
      sum = fmaf(part[c].x, other.part[c].x, sum);
      sum = fmaf(part[c].y, other.part[c].y, sum);
      sum = fmaf(part[c].z, other.part[c].z, sum);
      sum = fmaf(part[c].w, other.part[c].w, sum);
    }
    return sum_over_lanes(sum, example_lanes, 0xffffffffU);
  }
  __device__ void add(float factor, const OutputPart& other) {
#pragma unroll
    for (unsigned c = 0; c < C; ++c) {
      part[c].x = fmaf(factor, other.part[c].x, part[c].x);
      part[c].y = fmaf(factor, other.part[c].y, part[c].y);
      part[c].z = fmaf(factor, other.part[c].z, part[c].z);
      part[c].w = fmaf(factor, other.part[c].w, part[c].w);
    }
  }
};

/// By eight lanes, of a warp whose others do the same: sum [C * 32] of slope * output of the partner over a segment, one
/// without examples for the lanes that have none. Returns the lane's part of their losses.
template <unsigned C>
__device__ double sum_segment(const TowerSegment& segment, unsigned count, const float* own_outputs,
                              const float* other_outputs, std::uint32_t first_row, float weight, bool with_losses,
                              float4* sum) {
  const auto own = count > 0 ? OutputPart<C>::of(own_outputs, first_row + segment.row) : OutputPart<C>::zero();
  auto slopes = OutputPart<C>::zero();
  double loss = 0;
  constexpr unsigned together = C > 2 ? 2 : segment_length;  // as many as there are registers for
#pragma unroll
  for (unsigned first = 0; first < segment_length; first += together) {
    OutputPart<C> others[together];
#pragma unroll
    for (unsigned i = 0; i < together; ++i)
      others[i] =
          first + i < count ? OutputPart<C>::of(other_outputs, segment.partners[first + i] / 2) : OutputPart<C>::zero();
    // A lane has the loss and slope of one example, its own.
    const unsigned mine = threadIdx.x % together;
    float own_z = 0;
#pragma unroll
    for (unsigned i = 0; i < together; ++i) {
      const float z = own.dot(others[i]);
      if (i == mine) own_z = z;
    }
    const float label = static_cast<float>(segment.partners[first + mine] & 1);
    const float own_slope = cross_entropy_slope(own_z, label) * weight;
    if (with_losses && threadIdx.x % example_lanes < together && first + mine < count)
      loss += static_cast<double>(cross_entropy(own_z, label));
#pragma unroll
    for (unsigned i = 0; i < together; ++i)  // where there is no example, of zeros
      slopes.add(__shfl_sync(0xffffffffU, own_slope, static_cast<int>(i), example_lanes), others[i]);
  }
  if (count > 0)
#pragma unroll
    for (unsigned c = 0; c < C; ++c) sum[c * example_lanes + threadIdx.x % example_lanes] = slopes.part[c];
  return loss;
}

/// delta [rows, C * 32] of a tile, by all threads; the first segments are listed. sums: of as many segments as the list
/// has room for, segments_a_row * rows. Returns the thread's part of the losses.
template <unsigned C>
__device__ double find_deltas(const TileExamples& examples, const PlannedSide& plan, TowerSegment* list,
                              const float* own_outputs, const float* other_outputs, std::uint32_t first_row,
                              unsigned rows, float weight, bool with_losses, float4* sums, const SharedMatrix& delta) {
  constexpr unsigned fours = C * tile_width / 4;
  const std::uint32_t total = examples.segments(rows);
  const std::uint32_t room = segments_a_row * rows;
  double loss = 0;
  for (std::uint32_t first = 0; first == 0 || first < total; first += room) {
    const std::uint32_t end = min(first + room, total);
    if (first > 0) examples.list(plan, rows, first, end, list);
    for (std::uint32_t base = first; base < end; base += segments_at_once) {
      const std::uint32_t s = base + threadIdx.x / example_lanes;
      const unsigned at = s < end ? s - first : 0;
      loss += sum_segment<C>(list[at], s < end ? list[at].count : 0, own_outputs, other_outputs, first_row, weight,
                             with_losses, sums + at * fours);
    }
    __syncthreads();
    for (unsigned n = threadIdx.x; n < rows * fours; n += tower_threads) {
      const unsigned row = n / fours;
      const unsigned column = n % fours;
      float4& to = delta.four(row, 4 * column);
      float4 value = first == 0 ? float4{0, 0, 0, 0} : to;
      for (std::uint32_t s = max(examples.segment_begin[row], first); s < min(examples.segment_begin[row + 1], end);
           ++s) {
        const float4 more = sums[(s - first) * fours + column];
        value = {value.x + more.x, value.y + more.y, value.z + more.z, value.w + more.w};
      }
      to = value;
    }
    __syncthreads();
  }
  return loss;
}

}  // namespace frugal::cuda
