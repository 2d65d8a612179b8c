// What a block of the narrow kernels (narrow.hpp) does with one tile of points: all weights of the network
// and the activations of all layers in shared memory as operands of tensor cores.
//
//   forward    Z_l [p, o] = sum_i H_(l-1) [p, i] W_l [i, o]     H_l = f(Z_l + b_l), its slope in a register
//   backward   D_(l-1) [p, i] = slope sum_o D_l [p, o] W_l [i, o]                             over H_(l-1)
//   gradient   dW_l [i, o] = sum_p H_(l-1) [p, i] D_l [p, o]
//
// Activations and deltas are [point][feature], weights [in][out]: ldmatrix turns an operand where it is wanted, so one
// copy serves all three products. The thread that owns a value of Z owns the same value of D, hence its slope never
// moves; the one that owns a gradient owns that fragment of the weights and of Adam's moments. First and last layers and
// biases are thin: their gradients are one more product with 8 columns, of operands made from coordinates and errors.
//
// Deltas are multiplied by powers of two: found from the errors of the tile, and for a layer where they then would not fit
// fp16, from its largest, so that they do however small the errors or large the slopes. Every sum has one owner and a fixed order.
#pragma once
#include "impl/cuda/inr/fast_functions.hpp"
#include "impl/cuda/inr/narrow.hpp"
#include "impl/cuda/kernels/half_product.hpp"

namespace frugal::cuda {

/// A kernel's compile-time shape: padded width, hidden layers, points of a tile, threads of a block; T in `parts` parts is
/// an operand, F what layers end in (fast_functions.hpp). Deltas lie over the activations of their layer, or, `apart`,
/// over those of the next, with one buffer more: then nobody need wait for their last reader.
template <int width_, int hidden_, int points_, int threads_, class T_, int parts_, bool apart_,
          template <class, int> class F>
struct NarrowShape {
  using T = T_;
  using Function = F<T_, parts_>;
  static constexpr int width = width_, hidden = hidden_, points = points_, threads = threads_, parts = parts_;
  static constexpr int warps = threads / 32;
  static constexpr bool apart = apart_;
  static constexpr int buffers = hidden + 1 + (apart ? 1 : 0);
  static constexpr int row_warps = points / 16;               ///< of a tile's products: warps down the points
  static constexpr int column_warps = warps / row_warps;      ///< and across the features
  static constexpr int columns = width / (8 * column_warps);  ///< 16 x 8 pieces of a warp
  static constexpr int gradient_rows = width / 64;  ///< 16 x 8 pieces of a gradient of a warp, four warps down
  static constexpr int gradient_columns = width / (2 * warps);
  static constexpr int fragments = gradient_rows * gradient_columns;  ///< float4 of a thread and hidden layer
  static constexpr int hidden_float4 = hidden * fragments * threads;
  /// W_0 [3][width], b_0 .. b_hidden [width] each, W_last [3][width], b_last [4].
  static constexpr int thin = (7 + hidden) * width + 4;
  static constexpr int biases_at = 3 * width, last_at = (4 + hidden) * width, last_bias_at = (7 + hidden) * width;
  static constexpr int state_float4 = hidden_float4 + thin / 4;
  static constexpr int thin_per_thread = (thin + threads - 1) / threads;

  static constexpr std::uint32_t weights_low = width * width * 2, buffer_low = points * width * 2;
  static constexpr std::uint32_t layer_bytes = parts * weights_low, buffer_bytes = parts * buffer_low;
  // Byte offsets into shared memory.
  static constexpr std::uint32_t buffers_at = hidden * layer_bytes;
  static constexpr std::uint32_t thin_at = buffers_at + buffers * buffer_bytes;
  static constexpr std::uint32_t thin_gradient_at = thin_at + 4 * thin;
  static constexpr std::uint32_t outputs_at = thin_gradient_at + 4 * thin;  ///< [column_warps][points] float4
  static constexpr std::uint32_t errors_at = outputs_at + column_warps * points * 16;  ///< [points] operand
  static constexpr std::uint32_t sums_at =
      errors_at + points * 16 * (row_warps == 1 ? warps : 1);  ///< [row_warps] float4
  static constexpr std::uint32_t largest_at = sums_at + 128;   ///< [2][warps]
  static constexpr std::uint32_t curve_at = largest_at + 128;  ///< StaleStop
  static constexpr std::uint32_t stopped_at = curve_at + 48;
  static constexpr std::uint32_t samples_at = stopped_at + 16;
  /// Coordinates as floats and as an operand, targets.
  static constexpr std::uint32_t sample_bytes = points * (16 + 16 + 16);
};

/// A thread's place, and its block's shared memory.
template <class Shape>
struct NarrowBlock {
  using T = typename Shape::T;
  using Function = typename Shape::Function;
  static constexpr int W = Shape::width;
  static constexpr unsigned gradient_across = Shape::warps / 4;

  MatrixLane lane;
  unsigned thread, warp;
  unsigned row_warp, column_warp, row, column;  ///< of a tile's products: this warp's, its first point and feature
  unsigned in, out;                             ///< of the gradients: this warp's first row and column
  unsigned char* memory;
  std::uint32_t address;

  __device__ NarrowBlock() : thread(threadIdx.x), warp(thread / 32) {
    row_warp = warp / Shape::column_warps;
    column_warp = warp % Shape::column_warps;
    row = row_warp * 16;
    column = column_warp * Shape::columns * 8;
    in = warp / gradient_across * Shape::gradient_rows * 16;
    out = warp % gradient_across * Shape::gradient_columns * 8;
    memory = shared_memory<unsigned char>();
    address = shared_address(memory);
  }

  template <class Value>
  __device__ Value* at(std::uint32_t offset) const {
    return reinterpret_cast<Value*>(memory + offset);
  }
  __device__ float* thin() const { return at<float>(Shape::thin_at); }
  __device__ float* thin_gradient() const { return at<float>(Shape::thin_gradient_at); }
  __device__ float2 thin_pair(unsigned i) const { return *reinterpret_cast<const float2*>(thin() + i); }
  __device__ float4* coordinates(int slot) const {
    return at<float4>(Shape::samples_at + static_cast<std::uint32_t>(slot) * Shape::sample_bytes);
  }
  __device__ float4* targets(int slot) const { return coordinates(slot) + Shape::points; }
  __device__ std::uint32_t factors(int slot) const {
    return address + Shape::samples_at + static_cast<std::uint32_t>(slot) * Shape::sample_bytes + Shape::points * 32;
  }
  __device__ std::uint32_t buffer(unsigned layer) const {
    return address + Shape::buffers_at + layer * Shape::buffer_bytes;
  }
  /// The errors as an operand; a warp that has all points keeps its own.
  __device__ std::uint32_t errors() const {
    return address + Shape::errors_at + (Shape::row_warps == 1 ? warp * Shape::points * 16 : 0);
  }
  __device__ std::uint32_t delta_buffer(unsigned layer) const { return buffer(layer + (Shape::apart ? 1 : 0)); }
  __device__ std::uint32_t weights(unsigned layer) const { return address + (layer - 1) * Shape::layer_bytes; }

  /// Barrier of all warps, where a warp has not all points.
  __device__ void meet_unless_all_points() const {
    if constexpr (Shape::row_warps == 1)
      __syncwarp();
    else
      __syncthreads();
  }
  /// Barrier of the warps that share this one's points.
  __device__ void meet_on_points() const {
    if constexpr (Shape::column_warps > 1) named_barrier(1 + row_warp, Shape::column_warps * 32);
  }

  /// Scaled weights of a fragment as operands.
  __device__ void put_weights(int layer, int fragment, const float4& w) const {
    const unsigned r = in + static_cast<unsigned>(fragment / Shape::gradient_columns) * 16 + lane.group;
    const unsigned c = out + static_cast<unsigned>(fragment % Shape::gradient_columns) * 8 + 2 * lane.pair;
    const std::uint32_t to = weights(static_cast<unsigned>(layer));
    const WeightOperands<T, Shape::parts> operands(w);
    operands.upper.store(to + pair_at<W>(r, c), Shape::weights_low);
    operands.lower.store(to + pair_at<W>(r + 8, c), Shape::weights_low);
  }

  /// The same of operands that another block has made: upper and lower row, then their second parts.
  __device__ void put_operands(int layer, int fragment, const uint4& bits) const {
    const unsigned r = in + static_cast<unsigned>(fragment / Shape::gradient_columns) * 16 + lane.group;
    const unsigned c = out + static_cast<unsigned>(fragment % Shape::gradient_columns) * 8 + 2 * lane.pair;
    const std::uint32_t to = weights(static_cast<unsigned>(layer));
    store_shared(to + pair_at<W>(r, c), bits.x);
    store_shared(to + pair_at<W>(r + 8, c), bits.y);
    if constexpr (Shape::parts == 2) {
      store_shared(to + pair_at<W>(r, c) + Shape::weights_low, bits.z);
      store_shared(to + pair_at<W>(r + 8, c) + Shape::weights_low, bits.w);
    }
  }

  /// Samples [first, first + points) of network k into a slot; zeros beyond the last.
  __device__ void load_samples(const InrTraining& training, std::int64_t k, int first, int slot) const {
    const InrNetwork& net = training.net;
    for (int p = static_cast<int>(thread); p < Shape::points; p += Shape::threads) {
      const int point = first + p;
      const bool valid = point < training.points;
      float x[3] = {}, t[3] = {};
#pragma unroll
      for (int d = 0; d < 3; ++d) {
        if (valid && d < net.inputs) x[d] = training.coordinates[static_cast<std::int64_t>(point) * net.inputs + d];
        if (valid && d < net.channels) t[d] = training.targets[(k * training.points + point) * net.channels + d];
      }
      coordinates(slot)[p] = make_float4(x[0], x[1], x[2], 0);
      targets(slot)[p] = make_float4(t[0], t[1], t[2], 0);
      store_shared(factors(slot) + static_cast<std::uint32_t>(p) * 16, two_part_columns<T>(x[0], x[1], x[2], 1));
    }
  }

  /// Calls before_layer(l) where layer l waits for what it reads: by meet_on_points() at least.
  /// Through all layers: activations of layer l in buffer l, slopes in slope[l]; y gets this warp's part of the last
  /// layer's sums for points row + group and + 8, times the function's scale.
  template <class BeforeLayer>
  __device__ __forceinline__ void forward(const InrNetwork& net, int slot, const BeforeLayer& before_layer,
                                          float (&slope)[Shape::hidden + 1][Shape::columns][4],
                                          float (&y)[2][3]) const {
    const unsigned p = row + lane.group;
    const float4 a = coordinates(slot)[p], b = coordinates(slot)[p + 8];
    const Function of_first(net, 0);
#pragma unroll
    for (unsigned n = 0; n < Shape::columns; ++n) {
      const unsigned c = column + n * 8 + 2 * lane.pair;
      const float2 u = thin_pair(c), v = thin_pair(W + c), w = thin_pair(2 * W + c), bias = thin_pair(3 * W + c);
      const auto phase = [&](const float4& x, float wu, float wv, float ww, float wb) {
        return fmaf(x.x, wu, fmaf(x.y, wv, fmaf(x.z, ww, wb))) * of_first.unit;
      };
      const float even = Function::scale_of(net, c), odd = Function::scale_of(net, c + 1);
      float h[4];
      of_first.apply(phase(a, u.x, v.x, w.x, bias.x), even, h[0], slope[0][n][0]);
      of_first.apply(phase(a, u.y, v.y, w.y, bias.y), odd, h[1], slope[0][n][1]);
      of_first.apply(phase(b, u.x, v.x, w.x, bias.x), even, h[2], slope[0][n][2]);
      of_first.apply(phase(b, u.y, v.y, w.y, bias.y), odd, h[3], slope[0][n][3]);
      store_pairs(buffer(0), p, c, h);
    }
    const Function function(net, 1);
    const float of_sum = function.unit / (Function::scale * weight_scale<T>);
#pragma unroll
    for (int r = 0; r < 6; ++r) y[r / 3][r % 3] = 0;
#pragma unroll
    for (unsigned l = 1; l <= Shape::hidden; ++l) {
      before_layer(l);
      float sums[1][Shape::columns][4];
      clear(sums);
      multiply_tiles<T, Shape::parts, TileRows::outer, TileRows::depth, W, W, W / 16>(
          sums, {buffer(l - 1), Shape::buffer_low, row}, {weights(l), Shape::weights_low, column}, lane);
#pragma unroll
      for (unsigned n = 0; n < Shape::columns; ++n) {
        const unsigned c = column + n * 8 + 2 * lane.pair;
        const float2 bias = thin_pair((3 + l) * W + c);
        float h[4];
#pragma unroll
        for (int e = 0; e < 4; ++e)
          function.apply(fmaf(sums[0][n][e], of_sum, (e % 2 == 0 ? bias.x : bias.y) * function.unit),
                         Function::scale_of(net, c + e % 2), h[e], slope[l][n][e]);
        store_pairs(buffer(l), p, c, h);
        if (l == Shape::hidden) {
#pragma unroll
          for (unsigned channel = 0; channel < 3; ++channel) {
            const float2 w = thin_pair(Shape::last_at + channel * W + c);
#pragma unroll
            for (int e = 0; e < 4; ++e) y[e / 2][channel] = fmaf(h[e], e % 2 == 0 ? w.x : w.y, y[e / 2][channel]);
          }
        }
      }
    }
  }

  __device__ __forceinline__ void store_pairs(std::uint32_t to, unsigned r, unsigned c, const float (&h)[4]) const {
    Pair<T, Shape::parts>(h[0], h[1]).store(to + pair_at<W>(r, c), Shape::buffer_low);
    Pair<T, Shape::parts>(h[2], h[3]).store(to + pair_at<W>(r + 8, c), Shape::buffer_low);
  }

  /// From the parts of forward() to the tile's errors, times a scale that is returned, in y and as an operand; `squares`
  /// gets their sum of squares on top, the last layer's bias gradient is put or added. When it returns a warp may
  /// read the operand, and the top activations of its features. Points from `count` on have no error.
  __device__ __forceinline__ float find_errors(const InrTraining& training, int slot, int count, bool fresh,
                                               float (&y)[2][3], double& squares) const {
    constexpr float size = Function::scale;
    float4* const outputs = at<float4>(Shape::outputs_at);
#pragma unroll
    for (int e = 0; e < 2; ++e) {
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        y[e][c] += __shfl_xor_sync(0xffffffffU, y[e][c], 1);
        y[e][c] += __shfl_xor_sync(0xffffffffU, y[e][c], 2);
      }
      if (lane.pair == 0)
        outputs[column_warp * Shape::points + row + lane.group + 8 * static_cast<unsigned>(e)] =
            make_float4(y[e][0], y[e][1], y[e][2], 0);
    }
    meet_on_points();
    float4 sum = make_float4(0, 0, 0, 0);  // of the errors, and of their squares
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const unsigned p = row + lane.group + 8 * static_cast<unsigned>(e);
      const float* const bias = thin() + Shape::last_bias_at;
      float4 total = outputs[p];
#pragma unroll
      for (unsigned q = 1; q < Shape::column_warps; ++q) {
        const float4 part = outputs[q * Shape::points + p];
        total.x += part.x;
        total.y += part.y;
        total.z += part.z;
      }
      const float4 target = targets(slot)[p];
      const bool valid = static_cast<int>(p) < count;
      y[e][0] = valid ? fmaf(total.x, 1 / size, bias[0]) - target.x : 0.F;
      y[e][1] = valid ? fmaf(total.y, 1 / size, bias[1]) - target.y : 0.F;
      y[e][2] = valid ? fmaf(total.z, 1 / size, bias[2]) - target.z : 0.F;
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
    if constexpr (Shape::row_warps > 1) {
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
    }
    squares += static_cast<double>(sum.w);
    const float scale = scale_for<T>(special_unit::root(sum.w));
#pragma unroll
    for (int e = 0; e < 2; ++e) {
#pragma unroll
      for (int c = 0; c < 3; ++c) y[e][c] *= scale;
      if ((Shape::row_warps == 1 || column_warp == 0) && lane.pair == 0)
        store_shared(errors() + (row + lane.group + 8 * static_cast<unsigned>(e)) * 16,
                     two_part_columns<T>(y[e][0], y[e][1], y[e][2], 0));
    }
    if (thread < 4) {
      const float of_channel = thread == 0 ? sum.x : thread == 1 ? sum.y : thread == 2 ? sum.z : 0.F;
      float* const to = thin_gradient() + Shape::last_bias_at + thread;
      *to = (fresh ? 0.F : *to) + of_channel * training.scale;
    }
    meet_unless_all_points();
    return scale;
  }

  /// Column sums of a buffer times four factors of its points; those of factors [first, end) are put, or added, to rows
  /// `width` apart from `to`.
  __device__ __forceinline__ void thin_product(std::uint32_t from, std::uint32_t of_points, float scale, bool fresh,
                                               float* to, unsigned first, unsigned end) const {
    if (warp * 16 >= static_cast<unsigned>(W)) return;
    float sums[Shape::parts][4] = {};
    const std::uint32_t start = from + lane.row_by_bit_4() * (W * 2) + (lane.piece_by_bit_3() ^ (warp << 5));
#pragma unroll
    for (unsigned q = 0; q < Shape::points / 16; ++q) {
      std::uint32_t right[2], left[4];
      load_matrices<true>(right, of_points + (q * 16 + lane.id % 16) * 16);
#pragma unroll
      for (unsigned part = 0; part < Shape::parts; ++part) {
        load_matrices<true>(left, start + q * 16 * W * 2 + part * Shape::buffer_low);
        T::multiply(sums[part], left, right);
      }
    }
    if constexpr (Shape::parts == 2)
#pragma unroll
      for (int e = 0; e < 4; ++e) sums[0][e] += sums[Shape::parts - 1][e];
    if (lane.pair < first || lane.pair >= end) return;
    float* const own = to + (lane.pair - first) * W + warp * 16 + lane.group;
    own[0] = (fresh ? 0.F : own[0]) + (sums[0][0] + sums[0][1]) * scale;
    own[8] = (fresh ? 0.F : own[8]) + (sums[0][2] + sums[0][3]) * scale;
  }
  __device__ __forceinline__ void last_layer_gradient(float scale, bool fresh) const {
    thin_product(buffer(Shape::hidden), errors(), scale / Function::scale, fresh, thin_gradient() + Shape::last_at, 0,
                 3);
  }
  __device__ __forceinline__ void bias_gradient(unsigned layer, int slot, float scale, bool fresh) const {
    thin_product(delta_buffer(layer), factors(slot), scale, fresh, thin_gradient() + (3 + layer) * W, 3, 4);
  }
  __device__ __forceinline__ void first_layer_gradient(int slot, float scale, bool fresh) const {
    thin_product(delta_buffer(0), factors(slot), scale, fresh, thin_gradient(), 0, 4);
  }

  /// The top layer's deltas, in units of find_errors()'s scale.
  __device__ __forceinline__ void top_deltas(const InrNetwork& net, const float (&y)[2][3],
                                             const float (&slope)[Shape::columns][4],
                                             float (&deltas)[Shape::columns][4]) const {
    const float unit = Function::slope_unit(net, Shape::hidden);
#pragma unroll
    for (unsigned n = 0; n < Shape::columns; ++n) {
      const unsigned c = column + n * 8 + 2 * lane.pair;
      float2 w[3];
#pragma unroll
      for (unsigned channel = 0; channel < 3; ++channel) w[channel] = thin_pair(Shape::last_at + channel * W + c);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const float(&of_point)[3] = y[e / 2];
        const bool even = e % 2 == 0;
        deltas[n][e] = slope[n][e] * unit *
                       fmaf(of_point[0], even ? w[0].x : w[0].y,
                            fmaf(of_point[1], even ? w[1].x : w[1].y, of_point[2] * (even ? w[2].x : w[2].y)));
      }
    }
  }

  /// Deltas of the layer below `layer`, in units of that one's.
  __device__ __forceinline__ void deltas_below(const InrNetwork& net, unsigned layer,
                                               const float (&slope)[Shape::columns][4],
                                               float (&deltas)[Shape::columns][4]) const {
    float sums[1][Shape::columns][4];
    clear(sums);
    multiply_tiles<T, Shape::parts, TileRows::outer, TileRows::outer, W, W, W / 16>(
        sums, {delta_buffer(layer), Shape::buffer_low, row}, {weights(layer), Shape::weights_low, column}, lane);
    const float factor = Function::slope_unit(net, layer - 1) / weight_scale<T>;
#pragma unroll
    for (int n = 0; n < Shape::columns; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e) deltas[n][e] = sums[0][n][e] * (slope[n][e] * factor);
  }

  __device__ __forceinline__ unsigned largest_of_warp(const float (&deltas)[Shape::columns][4]) const {
    float largest = 0;
#pragma unroll
    for (int n = 0; n < Shape::columns; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e) largest = fmaxf(largest, fabsf(deltas[n][e]));
    return __reduce_max_sync(0xffffffffU, std::bit_cast<std::uint32_t>(largest));
  }
  __device__ __forceinline__ void put_deltas(unsigned layer, const float (&deltas)[Shape::columns][4],
                                             float factor) const {
#pragma unroll
    for (unsigned n = 0; n < Shape::columns; ++n) {
      const float d[4] = {deltas[n][0] * factor, deltas[n][1] * factor, deltas[n][2] * factor, deltas[n][3] * factor};
      store_pairs(delta_buffer(layer), row + lane.group, column + n * 8 + 2 * lane.pair, d);
    }
  }

  /// Stores the deltas of a layer times `factor` in the hope that they fit fp16, and this warp's largest where
  /// settle_deltas() finds it after a barrier: that stores them again where they do not, and returns by what. They have
  /// `scale` before.
  __device__ __forceinline__ void store_deltas(unsigned layer, const float (&deltas)[Shape::columns][4],
                                               float factor) const {
    put_deltas(layer, deltas, factor);
    if constexpr (T::scaled) {
      const unsigned largest = largest_of_warp(deltas);
      if (lane.id == 0) at<unsigned>(Shape::largest_at)[Shape::warps * (layer % 2) + warp] = largest;
    }
  }
  __device__ __forceinline__ float settle_deltas(unsigned layer, const float (&deltas)[Shape::columns][4], float factor,
                                                 float scale) const {
    if constexpr (T::scaled) {
      const uint4* const of_warps = at<const uint4>(Shape::largest_at) + Shape::warps / 4 * (layer % 2);
      unsigned bits = 0;
#pragma unroll
      for (int q = 0; q < Shape::warps / 4; ++q)
        bits = max(bits, max(max(of_warps[q].x, of_warps[q].y), max(of_warps[q].z, of_warps[q].w)));
      const auto largest = std::bit_cast<float>(bits);
      const float stored = largest * factor;
      if (largest > 0 && (stored > 0x1p15F || stored < 0x1p-3F)) {  // all threads alike
        factor = bounded_factor<Function>(scale_for<T>(largest) * 0x1p-7F, scale);
        put_deltas(layer, deltas, factor);
        __syncthreads();
      }
    }
    return factor;
  }
  /// The same of the last layer's, in one go, where a warp has all points: nobody else reads its features' deltas.
  __device__ __forceinline__ float store_own_deltas(unsigned layer, const float (&deltas)[Shape::columns][4],
                                                    float scale) const {
    const float fitting = T::scaled ? scale_for<T>(std::bit_cast<float>(largest_of_warp(deltas))) : 1.F;
    const float factor = bounded_factor<Function>(fitting, scale);
    put_deltas(layer, deltas, factor);
    return factor;
  }
  /// Of the top layer's deltas, whose errors are about 2^13.
  static constexpr float top_factor = T::scaled ? 0x1p-6F : 1;

  /// Adds this tile's gradient of column pieces [first, first + N) of a layer's weights.
  template <int N>
  __device__ __forceinline__ void weight_gradient(unsigned layer, unsigned first,
                                                  float (&sums)[Shape::gradient_rows][N][4]) const {
    multiply_tiles<T, Shape::parts, TileRows::depth, TileRows::depth, W, W, Shape::points / 16>(
        sums, {buffer(layer - 1), Shape::buffer_low, in}, {delta_buffer(layer), Shape::buffer_low, out + first * 8},
        lane);
  }
};

/// Where float4 `q` of a network's fragments and thin part lies in its state (network.hpp). Values of the padding beyond
/// the state's own have no place.
template <class Shape>
struct NarrowPlaces {
  const InrNetwork& net;

  struct Fragment {
    int layer, row, column;  ///< rows `row` and + 8, columns `column` and + 1
  };
  static __device__ Fragment fragment(int q) {
    const int thread = q % Shape::threads, of_layer = q / Shape::threads % Shape::fragments;
    const int warp = thread / 32, lane = thread % 32;
    constexpr int across = Shape::warps / 4;
    return {1 + q / (Shape::threads * Shape::fragments),
            warp / across * Shape::gradient_rows * 16 + of_layer / Shape::gradient_columns * 16 + lane / 4,
            warp % across * Shape::gradient_columns * 8 + of_layer % Shape::gradient_columns * 8 + 2 * (lane % 4)};
  }
  /// The places of a fragment's two rows.
  __device__ int hidden(int q, int& lower) const {
    const Fragment f = fragment(q);
    const int at = net.weight_at(f.layer) + f.row * net.row + f.column;
    const bool across = f.column < net.padded;
    lower = across && f.row + 8 < net.padded ? at + 8 * net.row : -1;
    return across && f.row < net.padded ? at : -1;
  }
  __device__ int thin(int i) const {
    const int section = i / Shape::width, c = i % Shape::width;
    const int last = Shape::hidden + 1;
    if (section == 7 + Shape::hidden) return c < net.channels ? net.bias_at(last) + c : -1;
    if (c >= net.padded) return -1;
    if (section < 3) return section < net.inputs ? section * net.row + c : -1;
    if (section < 4 + Shape::hidden) return net.bias_at(section - 3) + c;
    const int channel = section - 4 - Shape::hidden;
    return channel < net.channels ? net.weight_at(last) + c * net.last_row + channel : -1;
  }

  __device__ float4 load(const float* state, int q) const {
    if (q < Shape::hidden_float4) {
      int lower;
      const int upper = hidden(q, lower);
      const float2 a = upper < 0 ? make_float2(0, 0) : *reinterpret_cast<const float2*>(state + upper);
      const float2 b = lower < 0 ? make_float2(0, 0) : *reinterpret_cast<const float2*>(state + lower);
      return make_float4(a.x, a.y, b.x, b.y);
    }
    float values[4];
#pragma unroll
    for (int e = 0; e < 4; ++e) values[e] = load_thin(state, 4 * (q - Shape::hidden_float4) + e);
    return make_float4(values[0], values[1], values[2], values[3]);
  }
  __device__ float load_thin(const float* state, int i) const {
    const int at = thin(i);
    return at < 0 ? 0.F : state[at];
  }
  __device__ void store(float* state, int q, const float4& v) const {
    if (q < Shape::hidden_float4) {
      int lower;
      const int upper = hidden(q, lower);
      if (upper >= 0) *reinterpret_cast<float2*>(state + upper) = make_float2(v.x, v.y);
      if (lower >= 0) *reinterpret_cast<float2*>(state + lower) = make_float2(v.z, v.w);
      return;
    }
    const float values[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
    for (int e = 0; e < 4; ++e) store_thin(state, 4 * (q - Shape::hidden_float4) + e, values[e]);
  }
  __device__ void store_thin(float* state, int i, float value) const {
    const int at = thin(i);
    if (at >= 0) state[at] = value;
  }
};

}  // namespace frugal::cuda
