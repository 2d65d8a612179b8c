// The kernels of narrow.hpp.
#pragma once
#include "impl/cuda/inr/narrow_block.hpp"

namespace frugal::cuda {

template <int M, int N>
__device__ __forceinline__ void rescale(float (&sums)[M][N][4], float factor) {
#pragma unroll
  for (int m = 0; m < M; ++m)
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int e = 0; e < 4; ++e) sums[m][n][e] *= factor;
}

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
  for (int s = from + static_cast<int>(b.thread); s < steps; s += static_cast<int>(narrow_threads))
    squares[static_cast<std::int64_t>(s) * networks + k] = last;
}

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
__global__ void __launch_bounds__(narrow_threads, 1)
    narrow_resident(InrTraining training, NarrowScratch, const UpdateStep* updates, int steps, double* squares) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  using T = typename Shape::T;
  using Memory = ResidentMemory<Shape, first_in_shared>;
  constexpr int fragments = Shape::fragments;
  constexpr int own = Shape::hidden * fragments;
  constexpr int threads = static_cast<int>(narrow_threads);
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
    for (int f = 0; f < own; ++f) b.put_weights(1 + f / fragments, f % fragments, master[f * threads]);
#pragma unroll
    for (int j = 0; j < Shape::thin_per_thread; ++j) {
      const int i = static_cast<int>(b.thread) + j * static_cast<int>(narrow_threads);
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
      const UpdateStep update = updates[s];
      float slope[Shape::hidden + 1][Shape::columns][4];
      float y[2][3];
      b.forward(training.net, 0, slope, y);
      double loss = 0;
      float scale = b.find_errors(training, 0, training.points, true, y, loss);
      if (b.thread == 0)
        narrow_add_loss(b, training.patience, loss, squares + static_cast<std::int64_t>(s) * training.networks + k);
      b.last_layer_gradient(training.scale / scale, true);
      float deltas[Shape::columns][4];
      b.top_deltas(training.net.omega, y, slope[Shape::hidden], deltas);
      __syncthreads();  // the top activations have been read
      scale *= b.store_deltas(Shape::hidden, deltas);
      __syncthreads();
#pragma unroll
      for (int l = Shape::hidden; l >= 1; --l) {
        const auto layer = static_cast<unsigned>(l);
        const float unscaled = training.scale / scale;
        b.bias_gradient(layer, 0, unscaled, true);
        b.deltas_below(layer, l == 1 ? training.net.first_omega : training.net.omega, slope[l - 1], deltas);
        __syncthreads();  // nobody reads this layer's weights any more
        const float factor = unscaled / activation_scale<T>;
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
              fast_adam(update, make_float4(g[0] * factor, g[1] * factor, g[2] * factor, g[3] * factor), w, moved,
                        second[at]);
              m = moved;
              master[at * threads] = w;
              b.put_weights(l, f, w);
            }
        }
        __syncthreads();  // the activations below have been read
        scale *= b.store_deltas(layer - 1, deltas);
        __syncthreads();
      }
      b.first_layer_gradient(0, training.scale / scale, true);
      __syncthreads();
#pragma unroll
      for (int j = 0; j < Shape::thin_per_thread; ++j) {
        const int i = static_cast<int>(b.thread) + j * static_cast<int>(narrow_threads);
        if (i >= Shape::thin) continue;
        float* const w = b.thin() + i;
        float* const m = first_in_shared ? &thin_first[j] : thin_moments + i;
        float* const v = first_in_shared ? &thin_second[j] : thin_moments + Shape::thin + i;
        fast_adam(update, b.thin_gradient()[i], *w, *m, *v);
      }
      __syncthreads();
    }

    if (b.thread == 0) training.curves[k] = *b.template at<const StaleStop>(Shape::curve_at);
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
      const int i = static_cast<int>(b.thread) + j * static_cast<int>(narrow_threads);
      if (i >= Shape::thin) continue;
      places.store_thin(training.parameters + state, i, b.thin()[i]);
      places.store_thin(training.first + state, i, first_in_shared ? thin_first[j] : thin_moments[i]);
      places.store_thin(training.second + state, i, first_in_shared ? thin_second[j] : thin_moments[Shape::thin + i]);
    }
  }
#endif
}

/// Shared memory of the gathered kernel: samples of two tiles, then as much of the block's slice of the state as fits.
template <class Shape>
struct GatheredMemory {
  static constexpr int slots = 2;
  static constexpr std::uint32_t state_at = Shape::samples_at + slots * Shape::sample_bytes;
};

/// A block's slice of a network's state.
struct OwnState {
  float4 *w, *m, *v;
  int begin, end;  ///< of the float4 of the network
};

/// Adds up the slice's gradients of all blocks, in their order, `sources` loads at a time for `together` values, takes
/// the step and writes the new weights as operands.
template <class Shape, int sources, int together>
__device__ __forceinline__ void update_slice(const NarrowBlock<Shape>& b, const OwnState& own, const UpdateStep& update,
                                             int blocks, const float4* gradients, unsigned char* operands) {
  using T = typename Shape::T;
  constexpr int threads = static_cast<int>(narrow_threads);
  for (int q0 = own.begin + static_cast<int>(b.thread); q0 < own.end; q0 += threads * together) {
    float4 w[together], m[together], v[together], sum[together];
#pragma unroll
    for (int j = 0; j < together; ++j) {
      const int at = q0 + threads * j - own.begin;
      if (at + own.begin >= own.end) continue;
      w[j] = own.w[at];
      m[j] = own.m[at];
      v[j] = own.v[at];
      sum[j] = make_float4(0, 0, 0, 0);
    }
#pragma unroll 1
    for (int source = 0; source < blocks; source += sources)
#pragma unroll
      for (int j = 0; j < together; ++j) {
        const int q = q0 + threads * j;
        if (q >= own.end) continue;
        float4 part[sources];
#pragma unroll
        for (int c = 0; c < sources; ++c) part[c] = __ldcg(gradients + (source + c) * Shape::state_float4 + q);
#pragma unroll
        for (int c = 0; c < sources; ++c) {
          sum[j].x += part[c].x;
          sum[j].y += part[c].y;
          sum[j].z += part[c].z;
          sum[j].w += part[c].w;
        }
      }
#pragma unroll
    for (int j = 0; j < together; ++j) {
      const int q = q0 + threads * j;
      if (q >= own.end) continue;
      fast_adam(update, sum[j], w[j], m[j], v[j]);
      own.w[q - own.begin] = w[j];
      own.m[q - own.begin] = m[j];
      own.v[q - own.begin] = v[j];
      if (q >= Shape::hidden_float4) {
        __stcg(reinterpret_cast<float4*>(operands + Shape::hidden * Shape::layer_bytes) + (q - Shape::hidden_float4),
               w[j]);
        continue;
      }
      const auto fragment = NarrowPlaces<Shape>::fragment(q);
      unsigned char* const to = operands + static_cast<std::uint32_t>(fragment.layer - 1) * Shape::layer_bytes;
      const auto put = [&](int row, float x, float y) {
        const Pair<T, Shape::parts> pair(x * weight_scale<T>, y * weight_scale<T>);
        const std::uint32_t at =
            pair_at<Shape::width>(static_cast<unsigned>(row), static_cast<unsigned>(fragment.column));
#pragma unroll
        for (std::uint32_t part = 0; part < Shape::parts; ++part)
          __stcg(reinterpret_cast<unsigned*>(to + at + part * Shape::weights_low), pair.bits[part]);
      };
      put(fragment.row, w[j].x, w[j].y);
      put(fragment.row + 8, w[j].z, w[j].w);
    }
  }
}

/// Slots of `blocks` blocks take networks in turn; with more than one block the launch is cooperative.
template <class Shape>
__global__ void __launch_bounds__(narrow_threads, 1)
    narrow_gathered(InrTraining training, NarrowScratch scratch, const UpdateStep* updates, int steps,
                    double* squares) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  using T = typename Shape::T;
  using Memory = GatheredMemory<Shape>;
  constexpr int fragments = Shape::fragments;
  constexpr int threads = static_cast<int>(narrow_threads);
  const NarrowBlock<Shape> b;
  const NarrowPlaces<Shape> places{training.net};
  const int blocks = scratch.blocks;
  const int rank = static_cast<int>(blockIdx.x) % blocks;
  const int slot = static_cast<int>(blockIdx.x) / blocks;
  const int tiles = (training.points + Shape::points - 1) / Shape::points;
  const int begin = static_cast<int>(static_cast<std::int64_t>(tiles) * rank / blocks);
  const int end = static_cast<int>(static_cast<std::int64_t>(tiles) * (rank + 1) / blocks);
  const bool keep_samples = end - begin <= Memory::slots;

  const int slice = (Shape::state_float4 + blocks - 1) / blocks;
  OwnState own{};
  own.begin = min(slice * rank, Shape::state_float4);
  own.end = min(own.begin + slice, Shape::state_float4);
  float4* const in_shared = b.template at<float4>(Memory::state_at);
  float4* const in_memory = scratch.state + static_cast<std::int64_t>(slot) * 3 * Shape::state_float4 + own.begin;
  own.m = scratch.shared_state > 0 ? in_shared : in_memory;
  own.w = scratch.shared_state > 1 ? in_shared + slice : in_memory + Shape::state_float4;
  own.v = scratch.shared_state > 2 ? in_shared + 2 * slice : in_memory + 2 * Shape::state_float4;

  float4* const gradients = scratch.gradients + static_cast<std::int64_t>(slot) * blocks * Shape::state_float4;
  float4* const own_gradients = gradients + rank * Shape::state_float4;
  constexpr std::uint32_t operand_bytes = Shape::hidden * Shape::layer_bytes + Shape::thin * 4;
  unsigned char* const operands = scratch.operands + static_cast<std::int64_t>(slot) * operand_bytes;
  unsigned* const flag = scratch.flags + slot * narrow_flag_stride;
  unsigned meetings = 0;
  const auto meet = [&] {  // of the network's blocks
    ++meetings;
    __syncthreads();
    if (b.thread == 0) {
      raise_flag(flag);
      wait_for_flag(flag, meetings * static_cast<unsigned>(blocks));
    }
    __syncthreads();
  };

  const int slots = static_cast<int>(gridDim.x) / blocks;
  for (int k = slot; k < training.networks; k += slots) {
    const std::int64_t state = static_cast<std::int64_t>(k) * training.net.count;
    __syncthreads();  // the network before
    for (int q = static_cast<int>(b.thread); q < Shape::hidden_float4; q += threads)
      b.put_weights(1 + q / (fragments * threads), q / threads % fragments,
                    places.load(training.parameters + state, q));
    for (int i = static_cast<int>(b.thread); i < Shape::thin; i += threads)
      b.thin()[i] = places.load_thin(training.parameters + state, i);
    for (int q = own.begin + static_cast<int>(b.thread); q < own.end; q += threads) {
      own.w[q - own.begin] = places.load(training.parameters + state, q);
      own.m[q - own.begin] = places.load(training.first + state, q);
      own.v[q - own.begin] = places.load(training.second + state, q);
    }
    if (keep_samples)
      for (int t = begin; t < end; ++t) b.load_samples(training, k, t * Shape::points, t - begin);
    if (b.thread == 0) {
      *b.template at<StaleStop>(Shape::curve_at) = training.curves[k];
      *b.template at<int>(Shape::stopped_at) = training.curves[k].stopped(training.patience) ? 1 : 0;
    }
    __syncthreads();

    for (int s = 0; s < steps; ++s) {
      if (*b.template at<const int>(Shape::stopped_at) != 0) {
        if (rank == 0) narrow_repeat_loss(b, training.networks, k, s, steps, squares);
        break;
      }
      double loss = 0;
      float sums_scale[Shape::hidden] = {};
      float sums[Shape::hidden][Shape::gradient_rows][Shape::gradient_columns][4];
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
        b.forward(training.net, samples, slope, y);
        float scale = b.find_errors(training, samples, training.points - t * Shape::points, fresh, y, loss);
        b.last_layer_gradient(training.scale / scale, fresh);
        float deltas[Shape::columns][4];
        b.top_deltas(training.net.omega, y, slope[Shape::hidden], deltas);
        __syncthreads();  // the top activations have been read
        scale *= b.store_deltas(Shape::hidden, deltas);
        __syncthreads();
#pragma unroll
        for (int l = Shape::hidden; l >= 1; --l) {
          const auto layer = static_cast<unsigned>(l);
          const float unscaled = training.scale / scale;
          b.bias_gradient(layer, samples, unscaled, fresh);
          b.deltas_below(layer, l == 1 ? training.net.first_omega : training.net.omega, slope[l - 1], deltas);
          if (!fresh && scale != sums_scale[l - 1]) rescale(sums[l - 1], scale / sums_scale[l - 1]);
          sums_scale[l - 1] = scale;
          b.template weight_gradient<Shape::gradient_columns>(layer, 0, sums[l - 1]);
          if (blocks > 1 && t == end - 1) {
            const float factor = unscaled / activation_scale<T>;
#pragma unroll
            for (int f = 0; f < fragments; ++f) {
              const float(&g)[4] = sums[l - 1][f / Shape::gradient_columns][f % Shape::gradient_columns];
              __stcg(own_gradients + ((l - 1) * fragments + f) * threads + b.thread,
                     make_float4(g[0] * factor, g[1] * factor, g[2] * factor, g[3] * factor));
            }
          }
          __syncthreads();  // the activations below have been read
          scale *= b.store_deltas(layer - 1, deltas);
          __syncthreads();
        }
        b.first_layer_gradient(samples, training.scale / scale, fresh);
        __syncthreads();
      }

      const UpdateStep update = updates[s];
      double* const to = squares + static_cast<std::int64_t>(s) * training.networks + k;
      if (blocks == 1) {
        if (b.thread == 0) narrow_add_loss(b, training.patience, loss, to);
#pragma unroll
        for (int f = 0; f < Shape::hidden * fragments; ++f) {
          const float factor = training.scale / sums_scale[f / fragments] / activation_scale<T>;
          const int q = f * threads + static_cast<int>(b.thread);
          const float(&g)[4] =
              sums[f / fragments][f % fragments / Shape::gradient_columns][f % Shape::gradient_columns];
          float4 w = own.w[q], m = own.m[q], v = own.v[q];
          fast_adam(update, make_float4(g[0] * factor, g[1] * factor, g[2] * factor, g[3] * factor), w, m, v);
          own.w[q] = w;
          own.m[q] = m;
          own.v[q] = v;
          b.put_weights(1 + f / fragments, f % fragments, w);
        }
        for (int i = static_cast<int>(b.thread); i < Shape::thin / 4; i += threads) {
          const int q = Shape::hidden_float4 + i;
          float4 w = own.w[q], m = own.m[q], v = own.v[q];
          fast_adam(update, reinterpret_cast<const float4*>(b.thin_gradient())[i], w, m, v);
          own.w[q] = w;
          own.m[q] = m;
          own.v[q] = v;
          reinterpret_cast<float4*>(b.thin())[i] = w;
        }
      } else {
        for (int i = static_cast<int>(b.thread); i < Shape::thin / 4; i += threads)
          __stcg(own_gradients + Shape::hidden_float4 + i, reinterpret_cast<const float4*>(b.thin_gradient())[i]);
        if (b.thread == 0) __stcg(scratch.squares + slot * blocks + rank, loss);
        meet();
        switch (blocks) {
          case 2:
            update_slice<Shape, 2, 4>(b, own, update, blocks, gradients, operands);
            break;
          case 4:
            update_slice<Shape, 4, 2>(b, own, update, blocks, gradients, operands);
            break;
          case 8:
            update_slice<Shape, 8, 2>(b, own, update, blocks, gradients, operands);
            break;
          default:
            update_slice<Shape, 16, 1>(b, own, update, blocks, gradients, operands);
        }
        if (b.thread == 0) {
          double sum = 0;
          for (int c = 0; c < blocks; ++c) sum += __ldcg(scratch.squares + slot * blocks + c);
          narrow_add_loss(b, training.patience, sum, rank == 0 ? to : nullptr);
        }
        meet();
        constexpr std::uint32_t of_weights = Shape::hidden * Shape::layer_bytes;
        for (std::uint32_t at = b.thread * 16; at < operand_bytes; at += narrow_threads * 16)
          copy_async(b.address + (at < of_weights ? at : Shape::thin_at + (at - of_weights)), operands + at);
        commit_copies();
        wait_for_copies<0>();
      }
      __syncthreads();
    }

    if (rank == 0 && b.thread == 0) training.curves[k] = *b.template at<const StaleStop>(Shape::curve_at);
    for (int q = own.begin + static_cast<int>(b.thread); q < own.end; q += threads) {
      places.store(training.parameters + state, q, own.w[q - own.begin]);
      places.store(training.first + state, q, own.m[q - own.begin]);
      places.store(training.second + state, q, own.v[q - own.begin]);
    }
  }
#endif
}

template <class Shape, bool first_in_shared, int passes>
constexpr NarrowKernel resident_kernel() {
  return {Shape::width,
          Shape::hidden,
          Shape::points,
          true,
          ResidentMemory<Shape, first_in_shared>::bytes,
          0,
          Shape::state_float4,
          narrow_resident<Shape, first_in_shared, passes>};
}
template <class Shape>
constexpr NarrowKernel gathered_kernel() {
  return {Shape::width,
          Shape::hidden,
          Shape::points,
          false,
          GatheredMemory<Shape>::state_at,
          Shape::hidden * Shape::layer_bytes + Shape::thin * 4,
          Shape::state_float4,
          narrow_gathered<Shape>};
}

/// Those of one kind of operand.
template <class T, int parts>
inline constexpr NarrowKernel narrow_kernel_table[] = {
    resident_kernel<NarrowShape<128, 1, 16, T, parts>, true, 1>(),
    resident_kernel<NarrowShape<128, 1, 64, T, parts>, false, 2>(),
    gathered_kernel<NarrowShape<64, 1, 64, T, parts>>(),
    gathered_kernel<NarrowShape<64, 2, 64, T, parts>>(),
    gathered_kernel<NarrowShape<64, 3, 64, T, parts>>(),
    gathered_kernel<NarrowShape<64, 4, 64, T, parts>>(),
    gathered_kernel<NarrowShape<64, 5, 64, T, parts>>(),
    gathered_kernel<NarrowShape<128, 1, 64, T, parts>>(),
    gathered_kernel<NarrowShape<128, 2, 32, T, parts>>(),
};

}  // namespace frugal::cuda
