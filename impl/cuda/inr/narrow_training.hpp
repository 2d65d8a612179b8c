// What the kernels of narrow.hpp have in common: loss curves, and the tiles of a step whose gradients are kept.
#pragma once
#include "impl/cuda/inr/narrow_block.hpp"

namespace frugal::cuda {

/// Of a block's one network: its loss curve, by the first thread; `stopped` is everybody's after the next barrier.
template <class Shape>
__device__ __forceinline__ void narrow_add_loss(const NarrowBlock<Shape>& b, std::int64_t patience, double loss,
                                                double* to) {
  StaleStop& curve = *b.template at<StaleStop>(Shape::curve_at);
  curve.add(loss);
  *b.template at<int>(Shape::stopped_at) = curve.stopped(patience) ? 1 : 0;
  if (to != nullptr) *to = curve.last;
}

/// Losses of the steps that a stopped network does not take.
template <class Shape>
__device__ __forceinline__ void narrow_repeat_loss(const NarrowBlock<Shape>& b, int networks, std::int64_t k, int from,
                                                   int steps, double* squares) {
  const double last = b.template at<StaleStop>(Shape::curve_at)->last;
  for (int s = from + static_cast<int>(b.thread); s < steps; s += Shape::threads)
    squares[static_cast<std::int64_t>(s) * networks + k] = last;
}

template <int M, int N>
__device__ __forceinline__ void rescale(float (&sums)[M][N][4], float factor) {
#pragma unroll
  for (int m = 0; m < M; ++m)
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e) sums[m][n][e] *= factor;
}

/// What a block that shares its network with no other does around the layers of a step: nothing.
struct NoExchange {
  __device__ void before_product(int) const {}  ///< of layer l with its weights, in the first tile
  __device__ void publish(int) const {}         ///< the sums of a layer are complete
};

/// Tiles [begin, end) of network k: their gradients in `sums`, in units of sums_scale, and in the thin part; returns the
/// sum of square errors. Half of the warps take a layer's two products in the other order, so that one's arithmetic runs
/// under the other's.
template <class Shape, class Exchange>
__device__ __forceinline__ double train_tiles(
    const NarrowBlock<Shape>& b, const InrTraining& training, int k, int begin, int end, bool keep_samples,
    float (&sums)[Shape::hidden][Shape::gradient_rows][Shape::gradient_columns][4], float (&sums_scale)[Shape::hidden],
    const Exchange& exchange) {
  constexpr float top_factor = NarrowBlock<Shape>::top_factor;
  double squares = 0;
#pragma unroll
  for (int l = 0; l < Shape::hidden; ++l) clear(sums[l]);
#pragma unroll 1
  for (int t = begin; t < end; ++t) {
    const bool fresh = t == begin;
    const int samples = keep_samples ? t - begin : 0;
    if (!keep_samples) {
      b.load_samples(training, k, t * Shape::points, 0);
      __syncthreads();
    }
    float slope[Shape::hidden + 1][Shape::columns][4];
    float y[2][3];
    b.forward(
        training.net, samples,
        [&](unsigned l) {
          if (fresh) exchange.before_product(static_cast<int>(l));
          b.meet_on_points();
        },
        slope, y);
    float scale = b.find_errors(training, samples, training.points - t * Shape::points, fresh, y, squares);
    b.last_layer_gradient(training.scale / scale, fresh);
    float deltas[Shape::columns][4];
    b.top_deltas(training.net, y, slope[Shape::hidden], deltas);
    b.store_deltas(Shape::hidden, deltas, top_factor);
    __syncthreads();
    scale *= b.settle_deltas(Shape::hidden, deltas, top_factor, scale);
#pragma unroll
    for (int l = Shape::hidden; l >= 1; --l) {
      const auto layer = static_cast<unsigned>(l);
      if (!fresh && scale != sums_scale[l - 1]) rescale(sums[l - 1], scale / sums_scale[l - 1]);
      sums_scale[l - 1] = scale;
#pragma unroll 1
      for (int turn = 0; turn < 2; ++turn) {
        if ((turn == 0) == (b.warp < Shape::warps / 2)) {
          b.bias_gradient(layer, samples, training.scale / scale, fresh);
          b.deltas_below(training.net, layer, slope[l - 1], deltas);
          b.store_deltas(layer - 1, deltas, 1);
        } else {
          b.template weight_gradient<Shape::gradient_columns>(layer, 0, sums[l - 1]);
          if (t == end - 1) exchange.publish(l);
        }
      }
      __syncthreads();
      scale *= b.settle_deltas(layer - 1, deltas, 1, scale);
    }
    b.first_layer_gradient(samples, training.scale / scale, fresh);
    __syncthreads();
  }
  return squares;
}

/// A fragment of sums as gradients.
template <class Shape>
__device__ __forceinline__ float4 gradient_of(const float (&sums)[4], float scale) {
  const float factor = scale / Shape::Function::scale;
  return make_float4(sums[0] * factor, sums[1] * factor, sums[2] * factor, sums[3] * factor);
}

}  // namespace frugal::cuda
