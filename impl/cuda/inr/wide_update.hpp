// The step of Adam on the parts of the gradient, and the weights as operands of the next step.
#pragma once
#include <cstdint>

#include "impl/cuda/inr/fast_functions.hpp"
#include "impl/cuda/inr/wide_shape.hpp"

namespace frugal::cuda {

/// Where float4 q of a network's gradient belongs: rows `row` and + 8, columns `column` and + 1.
struct WideFragment {
  int layer, row, column;  ///< layer from 1
};
template <class Shape>
__device__ __forceinline__ WideFragment wide_fragment(int q) {
  constexpr int threads = static_cast<int>(wide_threads);
  const int thread = q % threads, f = q / threads % 8, piece = q / Shape::piece_float4;
  const int warp = thread / 32, lane = thread % 32, of_layer = piece % Shape::pieces;
  return {1 + piece / Shape::pieces, of_layer / Shape::pieces_across * 128 + warp / 8 * 64 + warp % 4 * 16 + lane / 4,
          of_layer % Shape::pieces_across * 128 + warp / 4 % 2 * 64 + f * 8 + 2 * (lane % 4)};
}

/// A fragment of the weights as operands, plain and transposed.
template <class Shape>
__device__ __forceinline__ void wide_put(const WideScratch& scratch, int k, const WideFragment& f, const float4& w) {
  using T = typename Shape::T;
  unsigned char* const weights =
      scratch.weights + (static_cast<std::int64_t>(k) * scratch.hidden + f.layer - 1) * Shape::layer_bytes;
  unsigned char* const transposed =
      scratch.transposed + (static_cast<std::int64_t>(k + 1) * scratch.hidden - f.layer) * Shape::layer_bytes;
  const auto put = [&](unsigned row, const Pair<T, Shape::parts>& pair) {
    const auto column = static_cast<unsigned>(f.column);
#pragma unroll
    for (std::uint32_t part = 0; part < Shape::parts; ++part) {
      const std::uint32_t start = part * Shape::slab_low;
      *reinterpret_cast<std::uint32_t*>(weights + start + wide_weight_at<Shape>(row, column)) = pair.bits[part];
#pragma unroll
      for (unsigned e = 0; e < 2; ++e)
        *reinterpret_cast<std::uint16_t*>(transposed + start + wide_weight_at<Shape>(column + e, row & ~1U) +
                                          (row & 1U) * 2) = static_cast<std::uint16_t>(pair.bits[part] >> 16 * e);
    }
  };
  const WeightOperands<T, Shape::parts> operands(w * weight_scale<T>);
  put(static_cast<unsigned>(f.row), operands.upper);
  put(static_cast<unsigned>(f.row) + 8, operands.lower);
}

/// The state's values of a fragment, zero in the padding.
struct WideState {
  const InrNetwork& net;
  const WideFragment& f;
  __device__ int place(int row) const {
    return row < net.padded && f.column < net.padded ? net.weight_at(f.layer) + row * net.row + f.column : -1;
  }
  __device__ float4 load(const float* state) const {
    const int upper = place(f.row), lower = place(f.row + 8);
    const float2 a = upper < 0 ? make_float2(0, 0) : *reinterpret_cast<const float2*>(state + upper);
    const float2 b = lower < 0 ? make_float2(0, 0) : *reinterpret_cast<const float2*>(state + lower);
    return make_float4(a.x, a.y, b.x, b.y);
  }
  __device__ void store(float* state, const float4& v) const {
    const int upper = place(f.row), lower = place(f.row + 8);
    if (upper >= 0) *reinterpret_cast<float2*>(state + upper) = make_float2(v.x, v.y);
    if (lower >= 0) *reinterpret_cast<float2*>(state + lower) = make_float2(v.z, v.w);
  }
};

/// Grid [hidden * width^2 / 1024 + (thin / 4 rounded up to 8) / 8, group]: a thread a fragment of the hidden weights, then
/// a warp each four of the thin part.
template <class Shape>
__global__ void __launch_bounds__(wide_update_threads)
    wide_update(InrTraining training, WideScratch scratch, const UpdateStep* updates) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  const int k = scratch.first + static_cast<int>(blockIdx.y);
  if (scratch.active[k] == 0) return;
  const FastAdam update(updates[scratch.done[k] - 1]);
  const int of_layers = scratch.hidden * Shape::pieces * Shape::piece_float4;
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t state = static_cast<std::int64_t>(k) * training.net.count;
  float* const parameters = training.parameters + state;
  float* const first = training.first + state;
  float* const second = training.second + state;
  const auto add = [](float4& sum, const float4& part) {
    sum.x += part.x;
    sum.y += part.y;
    sum.z += part.z;
    sum.w += part.w;
  };
  float4 sum = make_float4(0, 0, 0, 0);
  if (static_cast<int>(blockIdx.x) * 256 < of_layers) {
    const int q = static_cast<int>(blockIdx.x) * 256 + thread;
    const float4* const parts = reinterpret_cast<const float4*>(scratch.gradients) +
                                static_cast<std::int64_t>(blockIdx.y) * scratch.cuts * of_layers + q;
#pragma unroll 12
    for (int c = 0; c < scratch.cuts; ++c) add(sum, __ldcg(parts + static_cast<std::int64_t>(c) * of_layers));
    const WideFragment f = wide_fragment<Shape>(q);
    const WideState places{training.net, f};
    float4 w = places.load(parameters), m = places.load(first), v = places.load(second);
    update.take(sum, w, m, v);
    places.store(parameters, w);
    places.store(first, m);
    places.store(second, v);
    wide_put<Shape>(scratch, k, f, w);
    return;
  }
  const WideThin<Shape> thin{scratch.hidden};
  const int i = (static_cast<int>(blockIdx.x) - of_layers / 256) * 8 + thread / 32, lane = thread % 32;
  if (i >= thin.size() / 4) return;
  const float4* const parts = reinterpret_cast<const float4*>(
      scratch.thin_gradients + static_cast<std::int64_t>(blockIdx.y) * scratch.tiles * thin.size());
  for (int t = lane; t < scratch.tiles; t += 32)
    add(sum, __ldcg(parts + static_cast<std::int64_t>(t) * (thin.size() / 4) + i));
#pragma unroll
  for (int bit = 16; bit > 0; bit /= 2) {
    sum.x += __shfl_xor_sync(0xffffffffU, sum.x, bit);
    sum.y += __shfl_xor_sync(0xffffffffU, sum.y, bit);
    sum.z += __shfl_xor_sync(0xffffffffU, sum.z, bit);
    sum.w += __shfl_xor_sync(0xffffffffU, sum.w, bit);
  }
  if (lane >= 4) return;
  const int at = thin.place(training.net, 4 * i + lane);
  if (at < 0) return;
  const float gradient = lane == 0 ? sum.x : lane == 1 ? sum.y : lane == 2 ? sum.z : sum.w;
  update.take(gradient, parameters[at], first[at], second[at]);
#endif
}

/// The operands of the weights as they are. Grid [hidden * width^2 / 1024, group].
template <class Shape>
__global__ void __launch_bounds__(wide_update_threads) wide_start(InrTraining training, WideScratch scratch) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  const int k = scratch.first + static_cast<int>(blockIdx.y);
  const WideFragment f = wide_fragment<Shape>(static_cast<int>(blockIdx.x) * 256 + static_cast<int>(threadIdx.x));
  wide_put<Shape>(
      scratch, k, f,
      WideState{training.net, f}.load(training.parameters + static_cast<std::int64_t>(k) * training.net.count));
#endif
}

}  // namespace frugal::cuda
