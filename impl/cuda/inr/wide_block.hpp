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
  using Function = typename Shape::Function;
  static constexpr int W = Shape::width, N = Shape::columns;

  const InrTraining& training;
  const WideScratch& scratch;
  WideThin<Shape> thin_places;
  MatrixLane lane;
  unsigned thread, warp, row_group, column_group, row, column;  ///< row and column: the first of the warp
  int k, tile, first;
  unsigned char* memory;
  std::uint32_t address;
  unsigned asked = 0, taken = 0;  ///< slabs
  const unsigned char* next;      ///< slab to ask for

  __device__ WideBlock(const InrTraining& of_training, const WideScratch& of_scratch)
      : training(of_training),
        scratch(of_scratch),
        thin_places{of_scratch.hidden},
        thread(threadIdx.x),
        warp(__shfl_sync(0xffffffffU, thread / 32, 0)),  // which tells the compiler that a warp agrees on it
        tile(static_cast<int>(blockIdx.x)) {
    row_group = warp / 4 / Shape::column_groups;
    column_group = warp / 4 % Shape::column_groups;
    row = row_group * 64 + warp % 4 * 16;
    column = column_group * Shape::columns * 8;
    k = scratch.first + static_cast<int>(blockIdx.y);
    first = tile * Shape::points;
    memory = shared_memory<unsigned char>();
    const std::uint32_t start = shared_address(memory);
    address = (start + wide_alignment - 1) / wide_alignment * wide_alignment;
    memory += address - start;
    next = layers(scratch.weights);
  }
  __device__ const unsigned char* layers(const unsigned char* all) const {
    return all + static_cast<std::int64_t>(k) * scratch.hidden * Shape::layer_bytes + thread * 16;
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
    const unsigned of_pass = static_cast<unsigned>(scratch.hidden * Shape::slabs);
    if (asked < 2 * of_pass) {
      if (asked == of_pass) next = layers(scratch.transposed);
      const std::uint32_t to = address + Shape::slabs_at + asked % Shape::stages * Shape::slab_bytes + thread * 16;
#pragma unroll
      for (std::uint32_t at = 0; at < Shape::slab_bytes; at += wide_threads * 16) copy_async(to + at, next + at);
      next += Shape::slab_bytes;
    }
    commit_copies();
    ++asked;
  }

  /// sums = buffer times the next layer's weights; the buffer is everybody's before and free when it returns. What
  /// take_slope(slopes, ..) will read comes nearer meanwhile; -1: nothing.
  __device__ __forceinline__ void multiply(float (&sums)[N][4], int slopes) {
    constexpr std::uint32_t panel = Shape::points * 128, slab_panel = Shape::slab_rows * 128;
    constexpr unsigned steps = Shape::slab_rows / 16;
    clear(sums);
#pragma unroll 1
    for (unsigned slab = 0; slab < Shape::slabs; ++slab, ++taken) {
      wait_for_copies<Shape::ahead - 1>();
      warpgroup::wait_for_steps<Shape::pending>();
      publish_to_copies();
      __syncthreads();
      ask();
      const std::uint32_t weights =
          address + Shape::slabs_at + taken % Shape::stages * Shape::slab_bytes + column / 64 * slab_panel;
      warpgroup::begin_step();
#pragma unroll
      for (unsigned step = 0; step < steps; ++step) {
        const unsigned at = slab * steps + step;  // along the depth, in sixteens
        const std::uint32_t left = address + at / 4 * panel + row_group * (64 * 128) + at % 4 * 32;
        const std::uint32_t right = weights + step * (16 * 128);
#pragma unroll
        for (unsigned product = 0; product < 2 * Shape::parts - 1; ++product)
          warpgroup::add_product<T, TileRows::outer>(sums, left + (product == 2 ? Shape::buffer_low : 0),
                                                     right + (product == 1 ? Shape::slab_low : 0), slab_panel);
      }
      warpgroup::end_step();
      if (slopes >= 0)
        for (unsigned n = slab * N / Shape::slabs; n < (slab + 1) * N / Shape::slabs; ++n)
          prefetch(slope_at(slopes, n));
    }
    warpgroup::wait_for_steps<0>();
    if (thread == 0) wait_for_stores();
    __syncthreads();
  }

  __device__ __forceinline__ void store_pairs(unsigned n, const float (&h)[4]) const {
    const unsigned r = row + lane.group, c = column + n * 8 + 2 * lane.pair;
    Pair<T, Shape::parts>(h[0], h[1]).store(address + panel_pair_at<Shape::points>(r, c), Shape::buffer_low);
    Pair<T, Shape::parts>(h[2], h[3]).store(address + panel_pair_at<Shape::points>(r + 8, c), Shape::buffer_low);
  }
  /// Makes the buffer everybody's, and copies it to a tile's place in device memory: until the end of the next multiply().
  __device__ __forceinline__ void copy_out(unsigned char* to) const {
    publish_to_copies();
    __syncthreads();
#if defined(__CUDACC__) && __CUDA_ARCH__ < 900
#pragma unroll 8
    for (std::uint32_t i = thread * 16; i < Shape::tile_bytes; i += wide_threads * 16)
      *reinterpret_cast<uint4*>(to + i) = load_shared(address + i);
#else
    if (thread == 0) store_async(to, address, Shape::tile_bytes);
#endif
  }

  __device__ unsigned* slope_at(int layer, unsigned n) const {
    return scratch.slopes + layer_tile(layer) * Shape::slope_words +
           (n * wide_threads + thread) * Shape::slope_words_of_piece;
  }
  __device__ __forceinline__ void put_slope(int layer, unsigned n, const float (&c)[4]) const {
    if constexpr (Shape::parts == 2)
      __stcg(reinterpret_cast<float4*>(slope_at(layer, n)), make_float4(c[0], c[1], c[2], c[3]));
    else
      __stcg(reinterpret_cast<uint2*>(slope_at(layer, n)),
             make_uint2(T::pack_finite(c[0], c[1]), T::pack_finite(c[2], c[3])));
  }
  __device__ __forceinline__ void take_slope(int layer, unsigned n, float (&c)[4]) const {
    if constexpr (Shape::parts == 2) {
      const float4 v = __ldcg(reinterpret_cast<const float4*>(slope_at(layer, n)));
      c[0] = v.x;
      c[1] = v.y;
      c[2] = v.z;
      c[3] = v.w;
    } else {
      const uint2 v = __ldcg(reinterpret_cast<const uint2*>(slope_at(layer, n)));
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
    const Function function(training.net, 0);
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const int c = static_cast<int>(column + n * 8 + 2 * lane.pair);
      const float2 u = thin_pair(c), v = thin_pair(W + c), w = thin_pair(2 * W + c), bias = thin_pair(3 * W + c);
      const auto phase = [&](const float4& x, float wu, float wv, float ww, float wb) {
        return fmaf(x.x, wu, fmaf(x.y, wv, fmaf(x.z, ww, wb))) * function.unit;
      };
      const float4* const x = at<const float4>(Shape::coordinates_at) + row + lane.group;
      const float even = scale_of(c), odd = scale_of(c + 1);
      float h[4], slope[4];
      function.apply(phase(x[0], u.x, v.x, w.x, bias.x), even, h[0], slope[0]);
      function.apply(phase(x[0], u.y, v.y, w.y, bias.y), odd, h[1], slope[1]);
      function.apply(phase(x[8], u.x, v.x, w.x, bias.x), even, h[2], slope[2]);
      function.apply(phase(x[8], u.y, v.y, w.y, bias.y), odd, h[3], slope[3]);
      store_pairs(n, h);
      put_slope(0, n, slope);
    }
  }

  __device__ __forceinline__ float scale_of(int unit) const {
    return Function::scale_of(training.net, static_cast<unsigned>(unit));
  }
  /// Activations of a layer to the buffer from its sums, which become its slopes; of the top layer y gets this warp's
  /// part of the outputs.
  __device__ __forceinline__ void activate(int layer, float (&sums)[N][4], float (&y)[2][3]) const {
    const Function function(training.net, 1);
    const float of_sum = function.unit / (Function::scale * weight_scale<T>);
    const bool top = layer == scratch.hidden;
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const int c = static_cast<int>(column + n * 8 + 2 * lane.pair);
      const float2 bias = thin_pair(thin_places.bias(layer) + c);
      float h[4];
#pragma unroll
      for (int e = 0; e < 4; ++e)
        function.apply(fmaf(sums[n][e], of_sum, (e % 2 == 0 ? bias.x : bias.y) * function.unit), scale_of(c + e % 2),
                       h[e], sums[n][e]);
      store_pairs(n, h);
      if (!top) {
        put_slope(layer, n, sums[n]);
      } else {
#pragma unroll
        for (int channel = 0; channel < 3; ++channel) {
          const float2 w = thin_pair(thin_places.last() + channel * W + c);
#pragma unroll
          for (int e = 0; e < 4; ++e) y[e / 2][channel] = fmaf(h[e], e % 2 == 0 ? w.x : w.y, y[e / 2][channel]);
        }
      }
    }
  }

  /// As NarrowBlock's: errors times the scale that is returned, in y and as an operand.
  __device__ __forceinline__ float find_errors(float (&y)[2][3]) const {
    float4* const outputs = at<float4>(Shape::outputs_at);
#pragma unroll
    for (unsigned e = 0; e < 2; ++e) {
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        y[e][c] += __shfl_xor_sync(0xffffffffU, y[e][c], 1);
        y[e][c] += __shfl_xor_sync(0xffffffffU, y[e][c], 2);
      }
      if (lane.pair == 0)
        outputs[column_group * Shape::points + row + lane.group + 8 * e] = make_float4(y[e][0], y[e][1], y[e][2], 0);
    }
    __syncthreads();
    float4 sum = make_float4(0, 0, 0, 0);
    const float* const bias = thin() + thin_places.last_bias();
    const InrNetwork& net = training.net;
#pragma unroll
    for (unsigned e = 0; e < 2; ++e) {
      const unsigned p = row + lane.group + 8 * e;
      float4 total = outputs[p];
#pragma unroll
      for (unsigned q = 1; q < Shape::column_groups; ++q) {
        const float4 part = outputs[q * Shape::points + p];
        total.x += part.x;
        total.y += part.y;
        total.z += part.z;
      }
      const int point = first + static_cast<int>(p);
      const float found[3] = {total.x, total.y, total.z};
#pragma unroll
      for (int c = 0; c < 3; ++c)
        y[e][c] =
            point < training.points && c < net.channels
                ? fmaf(found[c], 1 / Function::scale, bias[c]) -
                      training.targets[(static_cast<std::int64_t>(k) * training.points + point) * net.channels + c]
                : 0.F;
      sum.x += y[e][0];
      sum.y += y[e][1];
      sum.z += y[e][2];
      sum.w += fmaf(y[e][0], y[e][0], fmaf(y[e][1], y[e][1], y[e][2] * y[e][2]));
    }
#pragma unroll
    for (int bit = 4; bit < 32; bit *= 2) {
      sum.x += __shfl_xor_sync(0xffffffffU, sum.x, bit);
      sum.y += __shfl_xor_sync(0xffffffffU, sum.y, bit);
      sum.z += __shfl_xor_sync(0xffffffffU, sum.z, bit);
      sum.w += __shfl_xor_sync(0xffffffffU, sum.w, bit);
    }
    if (column_group == 0 && lane.id == 0) at<float4>(Shape::sums_at)[row / 16] = sum;
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
    for (unsigned e = 0; e < 2; ++e) {
#pragma unroll
      for (int c = 0; c < 3; ++c) y[e][c] *= scale;
      if (column_group == 0 && lane.pair == 0)
        store_shared(address + Shape::errors_at + (row + lane.group + 8 * e) * 16,
                     two_part_columns<T>(y[e][0], y[e][1], y[e][2], 0));
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
      const std::uint32_t start = address + block / 4 * (Shape::points * 128) + lane.row_by_bit_4() * 128 +
                                  (lane.piece_by_bit_3() ^ (block % 4 << 5));
#pragma unroll 4
      for (unsigned q = 0; q < Shape::points / 16; ++q) {
        std::uint32_t right[2], left[4];
        load_matrices<true>(right, address + of_points + (q * 16 + lane.id % 16) * 16);
#pragma unroll
        for (unsigned part = 0; part < Shape::parts; ++part) {
          load_matrices<true>(left, start + q * (16 * 128) + part * Shape::buffer_low);
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

  /// Of the top layer from its slopes, in place.
  __device__ __forceinline__ void top_deltas(const float (&y)[2][3], float (&values)[N][4]) const {
    const float unit = Function::slope_unit(training.net, 1);
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const int c = static_cast<int>(column + n * 8 + 2 * lane.pair);
      float2 w[3];
#pragma unroll
      for (int channel = 0; channel < 3; ++channel) w[channel] = thin_pair(thin_places.last() + channel * W + c);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const float(&of_point)[3] = y[e / 2];
        const bool even = e % 2 == 0;
        values[n][e] *= unit * fmaf(of_point[0], even ? w[0].x : w[0].y,
                                    fmaf(of_point[1], even ? w[1].x : w[1].y, of_point[2] * (even ? w[2].x : w[2].y)));
      }
    }
  }

  /// Of `layer` from the product with the weights above it, in place.
  __device__ __forceinline__ void deltas(int layer, float (&values)[N][4]) const {
    const float factor = Function::slope_unit(training.net, static_cast<unsigned>(layer)) / weight_scale<T>;
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      float slope[4];
      take_slope(layer, n, slope);
#pragma unroll
      for (int e = 0; e < 4; ++e) values[n][e] *= slope[e] * factor;
    }
  }

  /// Deltas, which have `scale`, to the buffer, multiplied by a power of two, which is returned. After a barrier: the
  /// buffer is free.
  __device__ __forceinline__ float store_deltas(const float (&values)[N][4], float scale) const {
    float factor = 1;
    if constexpr (T::scaled) {
      float largest = 0;
#pragma unroll
      for (unsigned n = 0; n < N; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e) largest = fmaxf(largest, fabsf(values[n][e]));
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
      factor = bounded_factor<Function>(scale_for<T>(std::bit_cast<float>(largest)), scale);
    }
#pragma unroll
    for (unsigned n = 0; n < N; ++n) {
      const float d[4] = {values[n][0] * factor, values[n][1] * factor, values[n][2] * factor, values[n][3] * factor};
      store_pairs(n, d);
    }
    return factor;
  }
};

}  // namespace frugal::cuda
