// One network on one tile of points by one thread block, the activations of all layers in shared memory.
//
// Everything of a tile is feature-major: value of feature i at point p at [i * ld + p], ld = points of a tile + 4, so
// that neighbouring features start four banks apart. With h_0 = x and l = 1 .. L the hidden layers and the first:
//
//   z_l [o, p] = sum_i W_l [i, o] h_(l-1) [i, p] + b_l [o],   h_l = f(z_l),  slope_l = f'(z_l)
//   y [c, p] = sum_i W [i, c] h_L [i, p] + b [c],             delta [c, p] = scale (y - target), 0 beyond the points
//   delta_l [i, p] = slope_l [i, p] sum_o W_(l+1) [i, o] delta_(l+1) [o, p]            written over slope_l
//   dW_l [i, o] = sum_p h_(l-1) [i, p] delta_l [o, p],        db_l [o] = sum_p delta_l [o, p]
//
// A thread computes 4 x 8 values of a product in registers. Every sum has one owner and a fixed order: the same bits
// whatever the device does, which is why nothing here is atomic. Against the reference: within eps sqrt(reduction)
// times the constants of impl/equivalence/inr.cpp.
#pragma once
#include <type_traits>

#include "impl/cuda/device/kernel_language.hpp"
#include "impl/cuda/inr/network.hpp"
#include "impl/cuda/kernels/tensor_core.hpp"

namespace frugal::cuda {

constexpr int inr_threads = 256;

/// The shared memory of a tile.
struct InrTile {
  int points;    ///< room, a multiple of 8
  int ld;        ///< points + 4
  float* x;      ///< [inputs, ld]
  float* h;      ///< [layers - 1, padded, ld]
  float* slope;  ///< the same; null when there is no backward pass, and then h holds two layers in turn
  float* delta;  ///< [padded_channels, ld]

  static FRUGAL_HOST_DEVICE int floats(const InrNetwork& net, int points) {
    return (points + 4) * (net.inputs + 2 * (net.hidden_layers + 1) * net.padded + net.padded_channels);
  }
  static FRUGAL_HOST_DEVICE int floats_forward(const InrNetwork& net, int points) {
    return (points + 4) * (net.inputs + 2 * net.padded);
  }
};

inline __device__ float4 load4(const float* at) { return *reinterpret_cast<const float4*>(at); }
inline __device__ void store4(float* at, const float* values) {
  *reinterpret_cast<float4*>(at) = make_float4(values[0], values[1], values[2], values[3]);
}

/// values[8] += scalar times the eight floats of a and b.
inline __device__ void add_scaled(float* values, float scalar, const float4& a, const float4& b) {
  values[0] = fmaf(scalar, a.x, values[0]);
  values[1] = fmaf(scalar, a.y, values[1]);
  values[2] = fmaf(scalar, a.z, values[2]);
  values[3] = fmaf(scalar, a.w, values[3]);
  values[4] = fmaf(scalar, b.x, values[4]);
  values[5] = fmaf(scalar, b.y, values[5]);
  values[6] = fmaf(scalar, b.z, values[6]);
  values[7] = fmaf(scalar, b.w, values[7]);
}

/// Calls body(std::integral_constant<Activation, kind>).
template <class Body>
__device__ void with_activation(Activation kind, const Body& body) {
  switch (kind) {
    case Activation::sine:
      return body(std::integral_constant<Activation, Activation::sine>{});
    case Activation::relu:
      return body(std::integral_constant<Activation, Activation::relu>{});
    case Activation::gauss:
      return body(std::integral_constant<Activation, Activation::gauss>{});
    case Activation::wire:
      return body(std::integral_constant<Activation, Activation::wire>{});
    case Activation::finer:
      return body(std::integral_constant<Activation, Activation::finer>{});
  }
}

/// f of 4 features x 8 points to h, f' to slope unless null; 0 for features beyond the first `valid`.
template <Activation kind>
__device__ void store_activated(const InrFunction& f, const float (&z)[4][8], int valid, float* h, float* slope,
                                int ld) {
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    float values[8];
    float slopes[8];
#pragma unroll
    for (int q = 0; q < 8; ++q) {
      const Activated a = activated<kind>(f, z[j][q]);
      values[q] = j < valid ? a.value : 0.F;
      slopes[q] = j < valid ? a.slope : 0.F;
    }
    store4(h + j * ld, values);
    store4(h + j * ld + 4, values + 4);
    if (slope != nullptr) {
      store4(slope + j * ld, slopes);
      store4(slope + j * ld + 4, slopes + 4);
    }
  }
}

/// h and slope of a layer from what it reads. Neighbouring threads take neighbouring outputs of the same points.
inline __device__ void inr_layer_forward(const InrNetwork& net, int layer, const float* parameters, const float* input,
                                         const InrTile& tile, float* h, float* slope) {
  const float* const weight = parameters + net.weight_at(layer);
  const float* const bias = parameters + net.bias_at(layer);
  const int depth = net.rows_of(layer);
  const int groups = net.padded / 4;
  const InrFunction f = net.function_of(layer);
  for (int t = threadIdx.x; t < groups * (tile.points / 8); t += blockDim.x) {
    const int o = 4 * (t % groups);
    const int p = 8 * (t / groups);
    float z[4][8];
#pragma unroll
    for (int j = 0; j < 4; ++j)
#pragma unroll
      for (int q = 0; q < 8; ++q) z[j][q] = bias[o + j];
    for (int i = 0; i < depth; ++i) {
      const float4 w = load4(weight + i * net.row + o);
      const float4 a = load4(input + i * tile.ld + p);
      const float4 b = load4(input + i * tile.ld + p + 4);
      add_scaled(z[0], w.x, a, b);
      add_scaled(z[1], w.y, a, b);
      add_scaled(z[2], w.z, a, b);
      add_scaled(z[3], w.w, a, b);
    }
    const int valid = net.width - o;
    const int at = o * tile.ld + p;
    float* const slopes = slope == nullptr ? nullptr : slope + at;
    with_activation(net.activation,
                    [&](auto kind) { store_activated<decltype(kind)::value>(f, z, valid, h + at, slopes, tile.ld); });
  }
}

/// y of one channel at one point.
inline __device__ float inr_output(const InrNetwork& net, const float* parameters, const float* h, int ld, int c,
                                   int p) {
  const int last = net.layers() - 1;
  const float* const weight = parameters + net.weight_at(last);
  float y = parameters[net.bias_at(last) + c];
  for (int i = 0; i < net.width; ++i) y = fmaf(h[i * ld + p], weight[i * net.last_row + c], y);
  return y;
}

/// x of the tile from coordinates [count, inputs]; 0 beyond them.
inline __device__ void inr_load_points(const InrNetwork& net, const InrTile& tile, const float* coordinates,
                                       int count) {
  for (int t = threadIdx.x; t < net.inputs * tile.points; t += blockDim.x) {
    const int d = t / tile.points;
    const int p = t % tile.points;
    tile.x[d * tile.ld + p] = p < count ? coordinates[p * net.inputs + d] : 0.F;
  }
}

/// slope [i, p] *= sum_o weight [i, o] delta [o, p], o < depth, a multiple of 4.
inline __device__ void inr_layer_backward(const InrNetwork& net, const float* weight, int row, int depth,
                                          const float* delta, const InrTile& tile, float* slope) {
  const int groups = net.padded / 4;
  for (int t = threadIdx.x; t < groups * (tile.points / 8); t += blockDim.x) {
    const int i = t % groups;  // and i + groups, ...: neighbouring threads read neighbouring rows
    const int p = 8 * (t / groups);
    float sum[4][8] = {};
    for (int o = 0; o < depth; o += 4) {
      float4 w[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) w[j] = load4(weight + (i + j * groups) * row + o);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const float4 a = load4(delta + (o + k) * tile.ld + p);
        const float4 b = load4(delta + (o + k) * tile.ld + p + 4);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const float scalar = k == 0 ? w[j].x : k == 1 ? w[j].y : k == 2 ? w[j].z : w[j].w;
          add_scaled(sum[j], scalar, a, b);
        }
      }
    }
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      float* const at = slope + (i + j * groups) * tile.ld + p;
#pragma unroll
      for (int q = 0; q < 8; ++q) at[q] *= sum[j][q];
    }
  }
}

/// sum_p a [p] b [p] over the points of a tile.
inline __device__ float inr_dot(const float* a, const float* b, int points) {
  float sum = 0;
  for (int p = 0; p < points; p += 4) {
    const float4 u = load4(a + p);
    const float4 v = load4(b + p);
    sum = fmaf(u.x, v.x, fmaf(u.y, v.y, fmaf(u.z, v.z, fmaf(u.w, v.w, sum))));
  }
  return sum;
}

inline __device__ void inr_put(float* gradient, float value, bool fresh) {
  *gradient = fresh ? value : *gradient + value;
}

/// Weight gradient of a padded x padded layer: 4 inputs x 8 outputs a thread, both strided by what lets neighbouring
/// threads read neighbouring rows.
inline __device__ void inr_hidden_gradient(const InrNetwork& net, const float* input, const float* delta,
                                           const InrTile& tile, bool fresh, float* gradient) {
  const int in_groups = net.padded / 4;
  const int out_groups = net.padded / 8;
  for (int t = threadIdx.x; t < in_groups * out_groups; t += blockDim.x) {
    const int o = t % out_groups;
    const int i = t / out_groups;
    float sum[4][8] = {};
    for (int p = 0; p < tile.points; p += 4) {
      float4 a[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) a[j] = load4(input + (i + j * in_groups) * tile.ld + p);
#pragma unroll
      for (int q = 0; q < 8; ++q) {
        const float4 b = load4(delta + (o + q * out_groups) * tile.ld + p);
#pragma unroll
        for (int j = 0; j < 4; ++j)
          sum[j][q] = fmaf(a[j].x, b.x, fmaf(a[j].y, b.y, fmaf(a[j].z, b.z, fmaf(a[j].w, b.w, sum[j][q]))));
      }
    }
#pragma unroll
    for (int j = 0; j < 4; ++j)
#pragma unroll
      for (int q = 0; q < 8; ++q)
        inr_put(gradient + (i + j * in_groups) * net.row + o + q * out_groups, sum[j][q], fresh);
  }
}

/// Weight gradient of the first or the last layer, one value a thread; and the bias gradient of any.
inline __device__ void inr_thin_gradient(const float* input, int rows, const float* delta, int columns, int row,
                                         const InrTile& tile, bool fresh, float* gradient) {
  for (int t = threadIdx.x; t < rows * columns; t += blockDim.x) {
    const int i = t / columns;
    const int o = t % columns;
    inr_put(gradient + i * row + o, inr_dot(input + i * tile.ld, delta + o * tile.ld, tile.points), fresh);
  }
}
inline __device__ void inr_bias_gradient(const float* delta, int columns, const InrTile& tile, bool fresh,
                                         float* gradient) {
  for (int o = threadIdx.x; o < columns; o += blockDim.x) {
    float sum = 0;
    for (int p = 0; p < tile.points; p += 4) {
      const float4 d = load4(delta + o * tile.ld + p);
      sum += (d.x + d.y) + (d.z + d.w);
    }
    inr_put(gradient + o, sum, fresh);
  }
}

/// Runs body(first row, first column, column tiles) for the 16 x 32 pieces of a product, a warp each; rows are a
/// multiple of 16, columns of 8.
template <class Body>
__device__ void for_each_piece(int rows, int columns, const Body& body) {
  const int groups = rows / 16;
  const int pieces = groups * ((columns + 31) / 32);
  for (int piece = static_cast<int>(threadIdx.x) / 32; piece < pieces; piece += static_cast<int>(blockDim.x) / 32) {
    const int column = 32 * (piece / groups);
    body(16 * (piece % groups), column, min(4, (columns - column) / 8));
  }
}

/// inr_layer_forward of a padded x padded layer on tensor cores.
template <Precision precision>
__device__ void inr_layer_forward_tensor(const InrNetwork& net, int layer, const float* parameters, const float* input,
                                         const InrTile& tile, float* h, float* slope) {
  const float* const weight = parameters + net.weight_at(layer);
  const float* const bias = parameters + net.bias_at(layer);
  const InrFunction f = net.function_of(layer);
  const WarpLane lane(threadIdx.x);
  for_each_piece(net.padded, tile.points, [&](int o, int p, int tiles) {
    float z[4][4] = {};
    warp_product<precision>(
        z, tiles, net.padded, [&](int r, int k) { return weight[k * net.row + o + r]; },
        [&](int k, int column) { return input[k * tile.ld + p + column]; });
    with_activation(net.activation, [&](auto kind) {
#pragma unroll
      for (int n = 0; n < 4; ++n) {
        if (n >= tiles) break;
#pragma unroll
        for (int v = 0; v < 4; ++v) {
          const int feature = o + lane.row() + 8 * (v / 2);
          const int at = feature * tile.ld + p + 8 * n + lane.column() + v % 2;
          const Activated a = activated<decltype(kind)::value>(f, z[n][v] + bias[feature]);
          h[at] = feature < net.width ? a.value : 0.F;
          if (slope != nullptr) slope[at] = feature < net.width ? a.slope : 0.F;
        }
      }
    });
  });
}

/// inr_layer_backward of a padded x padded layer on tensor cores.
template <Precision precision>
__device__ void inr_layer_backward_tensor(const InrNetwork& net, const float* weight, const float* delta,
                                          const InrTile& tile, float* slope) {
  const WarpLane lane(threadIdx.x);
  for_each_piece(net.padded, tile.points, [&](int i, int p, int tiles) {
    float sum[4][4] = {};
    warp_product<precision>(
        sum, tiles, net.padded, [&](int r, int k) { return weight[(i + r) * net.row + k]; },
        [&](int k, int column) { return delta[k * tile.ld + p + column]; });
#pragma unroll
    for (int n = 0; n < 4; ++n) {
      if (n >= tiles) break;
#pragma unroll
      for (int v = 0; v < 4; ++v)
        slope[(i + lane.row() + 8 * (v / 2)) * tile.ld + p + 8 * n + lane.column() + v % 2] *= sum[n][v];
    }
  });
}

/// inr_hidden_gradient on tensor cores.
template <Precision precision>
__device__ void inr_hidden_gradient_tensor(const InrNetwork& net, const float* input, const float* delta,
                                           const InrTile& tile, bool fresh, float* gradient) {
  const WarpLane lane(threadIdx.x);
  for_each_piece(net.padded, net.padded, [&](int i, int o, int tiles) {
    float sum[4][4] = {};
    warp_product<precision>(
        sum, tiles, tile.points, [&](int r, int k) { return input[(i + r) * tile.ld + k]; },
        [&](int k, int column) { return delta[(o + column) * tile.ld + k]; });
#pragma unroll
    for (int n = 0; n < 4; ++n) {
      if (n >= tiles) break;
#pragma unroll
      for (int v = 0; v < 4; ++v)
        inr_put(gradient + (i + lane.row() + 8 * (v / 2)) * net.row + o + 8 * n + lane.column() + v % 2, sum[n][v],
                fresh);
    }
  });
}

/// h and slope of any layer but the last.
template <Precision precision>
__device__ void inr_any_layer_forward(const InrNetwork& net, int layer, const float* parameters, const float* input,
                                      const InrTile& tile, float* h, float* slope) {
  if constexpr (precision != Precision::fp32)
    if (layer > 0) return inr_layer_forward_tensor<precision>(net, layer, parameters, input, tile, h, slope);
  inr_layer_forward(net, layer, parameters, input, tile, h, slope);
}

/// Forward and backward of `count` points: the gradient is written when `fresh`, else added. The caller's barrier comes
/// before the parameters or the gradient are used by others. Returns this thread's share of the sum of square errors.
/// coordinates [count, inputs], targets [count, channels]; scale: dL/dy over y - target.
template <Precision precision>
__device__ double inr_train_tile(const InrNetwork& net, const float* parameters, const InrTile& tile,
                                 const float* coordinates, const float* targets, int count, float scale, bool fresh,
                                 float* gradient) {
  const int layer_floats = net.padded * tile.ld;
  const int last = net.layers() - 1;
  inr_load_points(net, tile, coordinates, count);
  __syncthreads();
  for (int l = 0; l < last; ++l) {
    const float* const input = l == 0 ? tile.x : tile.h + (l - 1) * layer_floats;
    inr_any_layer_forward<precision>(net, l, parameters, input, tile, tile.h + l * layer_floats,
                                     tile.slope + l * layer_floats);
    __syncthreads();
  }

  const float* const top = tile.h + (last - 1) * layer_floats;
  double squares = 0;
  for (int t = threadIdx.x; t < net.padded_channels * tile.points; t += blockDim.x) {
    const int c = t / tile.points;
    const int p = t % tile.points;
    float value = 0;
    if (c < net.channels && p < count) {
      const float error = inr_output(net, parameters, top, tile.ld, c, p) - targets[p * net.channels + c];
      squares += static_cast<double>(error) * static_cast<double>(error);
      value = scale * error;
    }
    tile.delta[c * tile.ld + p] = value;
  }
  __syncthreads();

  inr_thin_gradient(top, net.padded, tile.delta, net.padded_channels, net.last_row, tile, fresh,
                    gradient + net.weight_at(last));
  inr_bias_gradient(tile.delta, net.padded_channels, tile, fresh, gradient + net.bias_at(last));
  inr_layer_backward(net, parameters + net.weight_at(last), net.last_row, net.padded_channels, tile.delta, tile,
                     tile.slope + (last - 1) * layer_floats);
  __syncthreads();
  for (int l = last - 1; l > 0; --l) {
    const float* const delta = tile.slope + l * layer_floats;
    const float* const input = tile.h + (l - 1) * layer_floats;
    const float* const weight = parameters + net.weight_at(l);
    float* const below = tile.slope + (l - 1) * layer_floats;
    float* const weight_gradient = gradient + net.weight_at(l);
    if constexpr (precision == Precision::fp32) {
      inr_hidden_gradient(net, input, delta, tile, fresh, weight_gradient);
      inr_layer_backward(net, weight, net.row, net.padded, delta, tile, below);
    } else {
      inr_hidden_gradient_tensor<precision>(net, input, delta, tile, fresh, weight_gradient);
      inr_layer_backward_tensor<precision>(net, weight, delta, tile, below);
    }
    inr_bias_gradient(delta, net.padded, tile, fresh, gradient + net.bias_at(l));
    __syncthreads();
  }
  inr_thin_gradient(tile.x, net.inputs, tile.slope, net.padded, net.row, tile, fresh, gradient + net.weight_at(0));
  inr_bias_gradient(tile.slope, net.padded, tile, fresh, gradient + net.bias_at(0));
  __syncthreads();
  return squares;
}

}  // namespace frugal::cuda
