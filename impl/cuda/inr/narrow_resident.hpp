// The resident kernel of narrow.hpp.
#pragma once
#include "impl/cuda/inr/narrow_training.hpp"

namespace frugal::cuda {

/// Shared memory of the resident kernel beyond the shape's: the weights in fp32; then the first moments, or, with those
/// in registers, the moments of the thin part.
template <class Shape, bool first_in_shared>
struct ResidentMemory {
  static constexpr std::uint32_t master_at = Shape::samples_at + Shape::sample_bytes;
  static constexpr std::uint32_t moments_at = master_at + Shape::hidden_float4 * 16;
  static constexpr std::uint32_t bytes = moments_at + (first_in_shared ? Shape::hidden_float4 * 16 : Shape::thin * 8);
};

/// Blocks take networks in turn. Every thread updates the fragments whose gradient it has just computed: `passes` times
/// a part of a layer's columns.
template <class Shape, bool first_in_shared, int passes>
__global__ void __launch_bounds__(Shape::threads, 1)
    narrow_resident(InrTraining training, NarrowScratch, const UpdateStep* updates, int steps, double* squares) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  using T = typename Shape::T;
  using Memory = ResidentMemory<Shape, first_in_shared>;
  constexpr int fragments = Shape::fragments;
  constexpr int own = Shape::hidden * fragments;
  constexpr int threads = Shape::threads;
  constexpr int at_once = Shape::gradient_columns / passes;
  const NarrowBlock<Shape> b;
  const NarrowPlaces<Shape> places{training.net};
  float4* const master = b.template at<float4>(Memory::master_at) + b.thread;
  float4* const shared_first = b.template at<float4>(Memory::moments_at) + b.thread;
  float* const thin_moments = b.template at<float>(Memory::moments_at);
  // Between the state and registers by way of this thread's places of `master`, one at a time: the addresses of all at
  // once would need more registers than the values.
  const auto stage = [&](const float* from) {
#pragma unroll 1
    for (int f = 0; f < own; ++f) master[f * threads] = places.load(from, f * threads + static_cast<int>(b.thread));
  };
  const auto unstage = [&](float* to) {
#pragma unroll 1
    for (int f = 0; f < own; ++f) places.store(to, f * threads + static_cast<int>(b.thread), master[f * threads]);
  };

  for (int k = static_cast<int>(blockIdx.x); k < training.networks; k += static_cast<int>(gridDim.x)) {
    const std::int64_t state = static_cast<std::int64_t>(k) * training.net.count;
    float4 first[first_in_shared ? 1 : own], second[own];
    float thin_first[Shape::thin_per_thread], thin_second[Shape::thin_per_thread];
    __syncthreads();  // the network before
    stage(training.second + state);
#pragma unroll
    for (int f = 0; f < own; ++f) second[f] = master[f * threads];
    stage(training.first + state);
#pragma unroll
    for (int f = 0; f < own; ++f) {
      if constexpr (first_in_shared)
        shared_first[f * threads] = master[f * threads];
      else
        first[f] = master[f * threads];
    }
    stage(training.parameters + state);
#pragma unroll 1
    for (int f = 0; f < own; ++f) {
      master[f * threads] = master[f * threads] * weight_scale<T>;
      b.put_weights(1 + f / fragments, f % fragments, master[f * threads]);
    }
#pragma unroll
    for (int j = 0; j < Shape::thin_per_thread; ++j) {
      const int i = static_cast<int>(b.thread) + j * Shape::threads;
      if (i >= Shape::thin) continue;
      b.thin()[i] = places.load_thin(training.parameters + state, i);
      const float m = places.load_thin(training.first + state, i), v = places.load_thin(training.second + state, i);
      if constexpr (first_in_shared) {
        thin_first[j] = m;
        thin_second[j] = v;
      } else {
        thin_moments[i] = m;
        thin_moments[Shape::thin + i] = v;
      }
    }
    b.load_samples(training, k, 0, 0);
    if (b.thread == 0) {
      *b.template at<StaleStop>(Shape::curve_at) = training.curves[k];
      *b.template at<int>(Shape::stopped_at) = training.curves[k].stopped(training.patience) ? 1 : 0;
    }
    __syncthreads();

    for (int s = 0; s < steps; ++s) {
      if (*b.template at<const int>(Shape::stopped_at) != 0) {
        narrow_repeat_loss(b, training.networks, k, s, steps, squares);
        break;
      }
      const FastAdam of_weights(updates[s], weight_scale<T>), of_thin(updates[s]);
      float slope[Shape::hidden + 1][Shape::columns][4];
      float y[2][3];
      b.forward(
          training.net, 0, [&](unsigned) { b.meet_on_points(); }, slope, y);
      double loss = 0;
      float scale = b.find_errors(training, 0, training.points, true, y, loss);
      if (b.thread == 0)
        narrow_add_loss(b, training.patience, loss, squares + static_cast<std::int64_t>(s) * training.networks + k);
      b.last_layer_gradient(training.scale / scale, true);
      float deltas[Shape::columns][4];
      b.top_deltas(training.net, y, slope[Shape::hidden], deltas);
      b.meet_unless_all_points();  // the top activations have been read
      b.store_deltas(Shape::hidden, deltas, NarrowBlock<Shape>::top_factor);
      __syncthreads();
      scale *= b.settle_deltas(Shape::hidden, deltas, NarrowBlock<Shape>::top_factor, scale);
#pragma unroll
      for (int l = Shape::hidden; l >= 1; --l) {
        const auto layer = static_cast<unsigned>(l);
        const float unscaled = training.scale / scale;
        b.bias_gradient(layer, 0, unscaled, true);
        b.deltas_below(training.net, layer, slope[l - 1], deltas);
        __syncthreads();  // nobody reads this layer's weights any more
        const float factor = unscaled / Shape::Function::scale;
#pragma unroll
        for (int pass = 0; pass < passes; ++pass) {
          float sums[Shape::gradient_rows][at_once][4];
          clear(sums);
          b.template weight_gradient<at_once>(layer, static_cast<unsigned>(pass * at_once), sums);
#pragma unroll
          for (int i = 0; i < Shape::gradient_rows; ++i)
#pragma unroll
            for (int j = 0; j < at_once; ++j) {
              const float(&g)[4] = sums[i][j];
              const int f = i * Shape::gradient_columns + pass * at_once + j;
              const int at = (l - 1) * fragments + f;
              float4 w = master[at * threads];
              float4& m = first_in_shared ? shared_first[at * threads] : first[first_in_shared ? 0 : at];
              float4 moved = m;
              of_weights.take(make_float4(g[0], g[1], g[2], g[3]) * factor, w, moved, second[at]);
              m = moved;
              master[at * threads] = w;
              b.put_weights(l, f, w);
            }
        }
        __syncthreads();  // the activations below have been read
        if (Shape::row_warps == 1 && l == 1) {
          scale *= b.store_own_deltas(0, deltas, scale);
          __syncwarp();
        } else {
          b.store_deltas(layer - 1, deltas, 1);
          __syncthreads();
          scale *= b.settle_deltas(layer - 1, deltas, 1, scale);
        }
      }
      b.first_layer_gradient(0, training.scale / scale, true);
      __syncthreads();
#pragma unroll
      for (int j = 0; j < Shape::thin_per_thread; ++j) {
        const int i = static_cast<int>(b.thread) + j * Shape::threads;
        if (i >= Shape::thin) continue;
        float* const w = b.thin() + i;
        float* const m = first_in_shared ? &thin_first[j] : thin_moments + i;
        float* const v = first_in_shared ? &thin_second[j] : thin_moments + Shape::thin + i;
        of_thin.take(b.thin_gradient()[i], *w, *m, *v);
      }
      __syncthreads();
    }

    if (b.thread == 0) training.curves[k] = *b.template at<const StaleStop>(Shape::curve_at);
#pragma unroll 1
    for (int f = 0; f < own; ++f) master[f * threads] = master[f * threads] * (1 / weight_scale<T>);
    unstage(training.parameters + state);
#pragma unroll
    for (int f = 0; f < own; ++f) master[f * threads] = second[f];
    unstage(training.second + state);
#pragma unroll
    for (int f = 0; f < own; ++f) {
      if constexpr (first_in_shared)
        master[f * threads] = shared_first[f * threads];
      else
        master[f * threads] = first[f];
    }
    unstage(training.first + state);
#pragma unroll
    for (int j = 0; j < Shape::thin_per_thread; ++j) {
      const int i = static_cast<int>(b.thread) + j * Shape::threads;
      if (i >= Shape::thin) continue;
      places.store_thin(training.parameters + state, i, b.thin()[i]);
      places.store_thin(training.first + state, i, first_in_shared ? thin_first[j] : thin_moments[i]);
      places.store_thin(training.second + state, i, first_in_shared ? thin_second[j] : thin_moments[Shape::thin + i]);
    }
  }
#endif
}

}  // namespace frugal::cuda
