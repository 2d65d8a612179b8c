// A block of wide_points: a tile of points through all layers and back, activations and deltas in shared memory.
#pragma once
#include <bit>
#include <cstdint>

#include "impl/cuda/inr/fast_functions.hpp"
#include "impl/cuda/inr/wide_shape.hpp"

namespace frugal::cuda {

/// A block of wide_points.
template <class Shape>
struct WideBlock {
  using T = typename Shape::T;
  static constexpr int W = Shape::width, M = Shape::rows, N = Shape::columns;

  const InrTraining& training;
  const WideScratch& scratch;
  WideThin<Shape> thin_places;
  MatrixLane lane;
  unsigned thread, warp, row_warp, column_warp, row, column;
  int k, tile, first;
  unsigned char* memory;
  std::uint32_t address;
  int asked = 0, taken = 0;  ///< slabs

  __device__ WideBlock(const InrTraining& of_training, const WideScratch& of_scratch)
      : training(of_training),
        scratch(of_scratch),
        thin_places{of_scratch.hidden},
        thread(threadIdx.x),
        warp(thread / 32),
        tile(static_cast<int>(blockIdx.x)) {
    row_warp = warp / Shape::column_warps;
    column_warp = warp % Shape::column_warps;
    row = row_warp * 32;
    column = column_warp * Shape::columns * 8;
    k = scratch.first + static_cast<int>(blockIdx.y);
    first = tile * Shape::points;
    memory = shared_memory<unsigned char>();
    address = shared_address(memory);
  }

  template <class Value>
  __device__ Value* at(std::uint32_t offset) const {
    return reinterpret_cast<Value*>(memory + offset);
  }
  __device__ const float* thin() const { return at<const float>(Shape::thin_at); }
  __device__ float2 thin_pair(int i) const { return *reinterpret_cast<const float2*>(thin() + i); }
  /// Of the group's arrays [group, hidden, tiles].
  __device__ std::int64_t layer_tile(int layer) const {
    return (static_cast<std::int64_t>(blockIdx.y) * scratch.hidden + layer) * scratch.tiles + tile;
  }
  __device__ float* thin_gradient() const {
    return scratch.thin_gradients + (static_cast<std::int64_t>(blockIdx.y) * scratch.tiles + tile) * thin_places.size();
  }

  /// Starts the copy of the next slab of weights: of layers 1 .. hidden forward, then transposed back.
  __device__ __forceinline__ void ask() {
    if (asked < 2 * scratch.hidden * Shape::slabs) {
      const int phase = asked / Shape::slabs, slab = asked % Shape::slabs;
      const bool back = phase >= scratch.hidden;
      const std::int64_t layer =
          static_cast<std::int64_t>(k) * scratch.hidden + (back ? 2 * scratch.hidden - 1 - phase : phase);
      const unsigned char* const from = (back ? scratch.transposed : scratch.weights) + layer * Shape::layer_bytes +
                                        static_cast<std::uint32_t>(slab) * Shape::slab_low;
      const std::uint32_t to =
          address + Shape::slabs_at + static_cast<std::uint32_t>(asked % Shape::stages) * Shape::slab_bytes;
#pragma unroll
      for (std::uint32_t part = 0; part < Shape::parts; ++part)
#pragma unroll
        for (std::uint32_t i = 0; i < Shape::slab_low / 16 / wide_threads; ++i) {
          const std::uint32_t piece = (i * wide_threads + thread) * 16;
          copy_async(to + part * Shape::slab_low + piece, from + part * Shape::weights_low + piece);
        }
    }
    commit_copies();
    ++asked;
  }

  /// sums = buffer times the next layer's weights; the buffer is free when it returns.
  __device__ __forceinline__ void multiply(float (&sums)[M][N][4]) {
    clear(sums);
#pragma unroll 1
    for (unsigned slab = 0; slab < Shape::slabs; ++slab, ++taken) {
      wait_for_copies<Shape::stages - 2>();
      __syncthreads();
      ask();
      const std::uint32_t weights =
          address + Shape::slabs_at + static_cast<std::uint32_t>(taken % Shape::stages) * Shape::slab_bytes;
      multiply_tiles<T, Shape::parts, Rows::outer, Rows::depth, W, W, Shape::slab_rows / 16, M, N, 4>(
          sums, {address, Shape::buffer_low, row, slab * (Shape::slab_rows / 16)}, {weights, Shape::slab_low, column},
          lane);
    }
    __syncthreads();
  }

  __device__ __forceinline__ void store_pairs(unsigned m, unsigned n, const float (&h)[4]) const {
    const unsigned r = row + m * 16 + lane.group, c = column + n * 8 + 2 * lane.pair;
    Pair<T, Shape::parts>(h[0], h[1]).store(address + pair_at<W>(r, c), Shape::buffer_low);
    Pair<T, Shape::parts>(h[2], h[3]).store(address + pair_at<W>(r + 8, c), Shape::buffer_low);
  }
  /// The buffer to a tile's place in device memory.
  __device__ __forceinline__ void copy_out(unsigned char* to) const {
#pragma unroll 8
    for (std::uint32_t i = thread * 16; i < Shape::tile_bytes; i += wide_threads * 16)
      *reinterpret_cast<uint4*>(to + i) = load_shared(address + i);
  }

  __device__ unsigned* slope_at(int layer, unsigned m, unsigned n) const {
    return scratch.slopes + layer_tile(layer) * Shape::slope_words +
           ((m * N + n) * wide_threads + thread) * Shape::slope_words_of_piece;
  }
  __device__ __forceinline__ void put_slope(int layer, unsigned m, unsigned n, const float (&c)[4]) const {
    if constexpr (Shape::parts == 2)
      __stcg(reinterpret_cast<float4*>(slope_at(layer, m, n)), make_float4(c[0], c[1], c[2], c[3]));
    else
      __stcg(reinterpret_cast<uint2*>(slope_at(layer, m, n)), make_uint2(T::pack(c[0], c[1]), T::pack(c[2], c[3])));
  }
  __device__ __forceinline__ void take_slope(int layer, unsigned m, unsigned n, float (&c)[4]) const {
    if constexpr (Shape::parts == 2) {
      const float4 v = __ldcg(reinterpret_cast<const float4*>(slope_at(layer, m, n)));
      c[0] = v.x;
      c[1] = v.y;
      c[2] = v.z;
      c[3] = v.w;
    } else {
      const uint2 v = __ldcg(reinterpret_cast<const uint2*>(slope_at(layer, m, n)));
      const float2 a = T::unpack(v.x), b = T::unpack(v.y);
      c[0] = a.x;
      c[1] = a.y;
      c[2] = b.x;
      c[3] = b.y;
    }
  }

  /// Thin part and coordinates.
  __device__ void load() const {
    const float* const parameters = training.parameters + static_cast<std::int64_t>(k) * training.net.count;
    float* const own = at<float>(Shape::thin_at);
    for (int i = static_cast<int>(thread); i < thin_places.size(); i += static_cast<int>(wide_threads)) {
      const int from = thin_places.place(training.net, i);
      own[i] = from < 0 ? 0.F : parameters[from];
    }
    for (int p = static_cast<int>(thread); p < Shape::points; p += static_cast<int>(wide_threads)) {
      float x[3] = {};
#pragma unroll
      for (int d = 0; d < 3; ++d)
        if (first + p < training.points && d < training.net.inputs)
          x[d] = training.coordinates[static_cast<std::int64_t>(first + p) * training.net.inputs + d];
      at<float4>(Shape::coordinates_at)[p] = make_float4(x[0], x[1], x[2], 0);
      store_shared(address + Shape::factors_at + static_cast<std::uint32_t>(p) * 16,
                   two_part_columns<T>(x[0], x[1], x[2], 1));
    }
  }

  __device__ __forceinline__ void first_layer() const {
    const float turns = training.net.first_omega * 0.159154943091895F;
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const int c = static_cast<int>(column + n * 8 + 2 * lane.pair);
      const float2 u = thin_pair(c), v = thin_pair(W + c), w = thin_pair(2 * W + c), bias = thin_pair(3 * W + c);
      const auto phase = [&](const float4& x, float wu, float wv, float ww, float wb) {
        return fmaf(x.x, wu, fmaf(x.y, wv, fmaf(x.z, ww, wb))) * turns;
      };
#pragma unroll
      for (unsigned m = 0; m < M; ++m) {
        const float4* const x = at<const float4>(Shape::coordinates_at) + row + m * 16 + lane.group;
        float h[4], slope[4];
        sine_cosine_of_turns<Shape::parts == 2>(phase(x[0], u.x, v.x, w.x, bias.x), activation_scale<T>, h[0],
                                                slope[0]);
        sine_cosine_of_turns<Shape::parts == 2>(phase(x[0], u.y, v.y, w.y, bias.y), activation_scale<T>, h[1],
                                                slope[1]);
        sine_cosine_of_turns<Shape::parts == 2>(phase(x[8], u.x, v.x, w.x, bias.x), activation_scale<T>, h[2],
                                                slope[2]);
        sine_cosine_of_turns<Shape::parts == 2>(phase(x[8], u.y, v.y, w.y, bias.y), activation_scale<T>, h[3],
                                                slope[3]);
        store_pairs(m, n, h);
        put_slope(0, m, n, slope);
      }
    }
  }

  /// Activations of a layer to the buffer from its sums, which become its cosines; of the top layer y gets this warp's
  /// part of the outputs.
  __device__ __forceinline__ void activate(int layer, float (&sums)[M][N][4], float (&y)[M][2][3]) const {
    const float turns = training.net.omega * 0.159154943091895F;
    const float of_sum = turns / (activation_scale<T> * weight_scale<T>);
    const bool top = layer == scratch.hidden;
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const int c = static_cast<int>(column + n * 8 + 2 * lane.pair);
      const float2 bias = thin_pair(thin_places.bias(layer) + c);
#pragma unroll
      for (unsigned m = 0; m < M; ++m) {
        float h[4];
#pragma unroll
        for (int e = 0; e < 4; ++e)
          sine_cosine_of_turns<Shape::parts == 2>(fmaf(sums[m][n][e], of_sum, (e % 2 == 0 ? bias.x : bias.y) * turns),
                                                  activation_scale<T>, h[e], sums[m][n][e]);
        store_pairs(m, n, h);
        if (!top) {
          put_slope(layer, m, n, sums[m][n]);
        } else {
#pragma unroll
          for (int channel = 0; channel < 3; ++channel) {
            const float2 w = thin_pair(thin_places.last() + channel * W + c);
#pragma unroll
            for (int e = 0; e < 4; ++e) y[m][e / 2][channel] = fmaf(h[e], e % 2 == 0 ? w.x : w.y, y[m][e / 2][channel]);
          }
        }
      }
    }
  }

  /// As NarrowBlock's: errors times the scale that is returned, in y and as an operand.
  __device__ __forceinline__ float find_errors(float (&y)[M][2][3]) const {
    float4* const outputs = at<float4>(Shape::outputs_at);
#pragma unroll
    for (unsigned m = 0; m < M; ++m)
#pragma unroll
      for (unsigned e = 0; e < 2; ++e) {
#pragma unroll
        for (int c = 0; c < 3; ++c) {
          y[m][e][c] += __shfl_xor_sync(0xffffffffU, y[m][e][c], 1);
          y[m][e][c] += __shfl_xor_sync(0xffffffffU, y[m][e][c], 2);
        }
        if (lane.pair == 0)
          outputs[column_warp * Shape::points + row + m * 16 + lane.group + 8 * e] =
              make_float4(y[m][e][0], y[m][e][1], y[m][e][2], 0);
      }
    __syncthreads();
    float4 sum = make_float4(0, 0, 0, 0);
    const float* const bias = thin() + thin_places.last_bias();
    const InrNetwork& net = training.net;
#pragma unroll
    for (unsigned m = 0; m < M; ++m)
#pragma unroll
      for (unsigned e = 0; e < 2; ++e) {
        const unsigned p = row + m * 16 + lane.group + 8 * e;
        float4 total = outputs[p];
#pragma unroll
        for (unsigned q = 1; q < Shape::column_warps; ++q) {
          const float4 part = outputs[q * Shape::points + p];
          total.x += part.x;
          total.y += part.y;
          total.z += part.z;
        }
        const int point = first + static_cast<int>(p);
        const float found[3] = {total.x, total.y, total.z};
#pragma unroll
        for (int c = 0; c < 3; ++c)
          y[m][e][c] =
              point < training.points && c < net.channels
                  ? fmaf(found[c], 1 / activation_scale<T>, bias[c]) -
                        training.targets[(static_cast<std::int64_t>(k) * training.points + point) * net.channels + c]
                  : 0.F;
        sum.x += y[m][e][0];
        sum.y += y[m][e][1];
        sum.z += y[m][e][2];
        sum.w += fmaf(y[m][e][0], y[m][e][0], fmaf(y[m][e][1], y[m][e][1], y[m][e][2] * y[m][e][2]));
      }
#pragma unroll
    for (int bit = 4; bit < 32; bit *= 2) {
      sum.x += __shfl_xor_sync(0xffffffffU, sum.x, bit);
      sum.y += __shfl_xor_sync(0xffffffffU, sum.y, bit);
      sum.z += __shfl_xor_sync(0xffffffffU, sum.z, bit);
      sum.w += __shfl_xor_sync(0xffffffffU, sum.w, bit);
    }
    if (column_warp == 0 && lane.id == 0) at<float4>(Shape::sums_at)[row_warp] = sum;
    __syncthreads();
    sum = at<float4>(Shape::sums_at)[0];
#pragma unroll
    for (int q = 1; q < Shape::row_warps; ++q) {
      const float4 part = at<float4>(Shape::sums_at)[q];
      sum.x += part.x;
      sum.y += part.y;
      sum.z += part.z;
      sum.w += part.w;
    }
    if (thread == 0)
      scratch.squares[static_cast<std::int64_t>(blockIdx.y) * scratch.tiles + tile] = static_cast<double>(sum.w);
    if (thread < 4) {
      const float of_channel = thread == 0 ? sum.x : thread == 1 ? sum.y : thread == 2 ? sum.z : 0.F;
      thin_gradient()[thin_places.last_bias() + static_cast<int>(thread)] = of_channel * training.scale;
    }
    const float scale = scale_for<T>(special_unit::root(sum.w));
#pragma unroll
    for (unsigned m = 0; m < M; ++m)
#pragma unroll
      for (unsigned e = 0; e < 2; ++e) {
#pragma unroll
        for (int c = 0; c < 3; ++c) y[m][e][c] *= scale;
        if (column_warp == 0 && lane.pair == 0)
          store_shared(address + Shape::errors_at + (row + m * 16 + lane.group + 8 * e) * 16,
                       two_part_columns<T>(y[m][e][0], y[m][e][1], y[m][e][2], 0));
      }
    __syncthreads();
    return scale;
  }

  /// Column sums of the buffer times four factors of its points; those of factors [begin, end) go to rows `width` apart
  /// from `to`.
  __device__ __forceinline__ void thin_product(std::uint32_t of_points, float scale, float* to, unsigned begin,
                                               unsigned end) const {
#pragma unroll
    for (unsigned block = warp; block < W / 16; block += wide_threads / 32) {
      float sums[4] = {0, 0, 0, 0};
      const std::uint32_t start = address + lane.row_by_bit_4() * (W * 2) + (lane.piece_by_bit_3() ^ (block << 5));
#pragma unroll 4
      for (unsigned q = 0; q < Shape::points / 16; ++q) {
        std::uint32_t right[2], left[4];
        load_matrices<true>(right, address + of_points + (q * 16 + lane.id % 16) * 16);
#pragma unroll
        for (unsigned part = 0; part < Shape::parts; ++part) {
          load_matrices<true>(left, start + q * 16 * W * 2 + part * Shape::buffer_low);
          T::multiply(sums, left, right);
        }
      }
      if (lane.pair >= begin && lane.pair < end) {
        float* const own = to + (lane.pair - begin) * W + block * 16 + lane.group;
        own[0] = (sums[0] + sums[1]) * scale;
        own[8] = (sums[2] + sums[3]) * scale;
      }
      if constexpr (W / 16 > wide_threads / 32) __syncwarp();  // the products of the next block are the whole warp's
    }
  }

  /// Of the top layer from its cosines, in place.
  __device__ __forceinline__ void top_deltas(const float (&y)[M][2][3], float (&values)[M][N][4]) const {
    const float omega = training.net.omega;
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const int c = static_cast<int>(column + n * 8 + 2 * lane.pair);
      float2 w[3];
#pragma unroll
      for (int channel = 0; channel < 3; ++channel) w[channel] = thin_pair(thin_places.last() + channel * W + c);
#pragma unroll
      for (unsigned m = 0; m < M; ++m)
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const float(&of_point)[3] = y[m][e / 2];
          const bool even = e % 2 == 0;
          values[m][n][e] *=
              omega * fmaf(of_point[0], even ? w[0].x : w[0].y,
                           fmaf(of_point[1], even ? w[1].x : w[1].y, of_point[2] * (even ? w[2].x : w[2].y)));
        }
    }
  }

  /// Of `layer` from the product with the weights above it, in place.
  __device__ __forceinline__ void deltas(int layer, float (&values)[M][N][4]) const {
    const float factor = (layer == 0 ? training.net.first_omega : training.net.omega) / weight_scale<T>;
#pragma unroll
    for (unsigned n = 0; n < N; ++n)
#pragma unroll
      for (unsigned m = 0; m < M; ++m) {
        float slope[4];
        take_slope(layer, m, n, slope);
#pragma unroll
        for (int e = 0; e < 4; ++e) values[m][n][e] *= slope[e] * factor;
      }
  }

  /// Deltas to the buffer, multiplied by a power of two, which is returned. Barriers on both sides: the buffer is free
  /// before and everybody's after.
  __device__ __forceinline__ float store_deltas(const float (&values)[M][N][4]) const {
    float factor = 1;
    if constexpr (T::scaled) {
      float largest = 0;
#pragma unroll
      for (unsigned m = 0; m < M; ++m)
#pragma unroll
        for (unsigned n = 0; n < N; ++n)
#pragma unroll
          for (int e = 0; e < 4; ++e) largest = fmaxf(largest, fabsf(values[m][n][e]));
      const unsigned of_warp = __reduce_max_sync(0xffffffffU, std::bit_cast<std::uint32_t>(largest));
      if (lane.id == 0) at<unsigned>(Shape::largest_at)[warp] = of_warp;
    }
    __syncthreads();
    if constexpr (T::scaled) {
      const uint4* const of_warps = at<const uint4>(Shape::largest_at);
      unsigned largest = 0;
#pragma unroll
      for (unsigned q = 0; q < wide_threads / 128; ++q)
        largest = max(largest, max(max(of_warps[q].x, of_warps[q].y), max(of_warps[q].z, of_warps[q].w)));
      factor = scale_for<T>(std::bit_cast<float>(largest));
    }
#pragma unroll
    for (unsigned m = 0; m < M; ++m)
#pragma unroll
      for (unsigned n = 0; n < N; ++n) {
        const float d[4] = {values[m][n][0] * factor, values[m][n][1] * factor, values[m][n][2] * factor,
                            values[m][n][3] * factor};
        store_pairs(m, n, d);
      }
    __syncthreads();
    return factor;
  }
};

}  // namespace frugal::cuda
