// The gathered kernel of narrow.hpp.
#pragma once
#include "impl/cuda/inr/narrow_training.hpp"

namespace frugal::cuda {

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
        const Pair<T, Shape::parts> pair(scaled_weight<T>(x), scaled_weight<T>(y));
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
      float sums_scale[Shape::hidden] = {};
      float sums[Shape::hidden][Shape::gradient_rows][Shape::gradient_columns][4];
      const auto fragment = [&](int f) {
        const int layer = f / fragments;
        return gradient_of<Shape>(
            sums[layer][f % fragments / Shape::gradient_columns][f % fragments % Shape::gradient_columns],
            training.scale / sums_scale[layer]);
      };
      const double loss = train_tiles(b, training, k, begin, end, keep_samples, sums, sums_scale, [&](int layer) {
        if (blocks == 1) return;
#pragma unroll
        for (int f = 0; f < fragments; ++f) {
          const int at = (layer - 1) * fragments + f;
          __stcg(own_gradients + at * threads + b.thread, fragment(at));
        }
      });

      const UpdateStep update = updates[s];
      double* const to = squares + static_cast<std::int64_t>(s) * training.networks + k;
      if (blocks == 1) {
        if (b.thread == 0) narrow_add_loss(b, training.patience, loss, to);
#pragma unroll
        for (int f = 0; f < Shape::hidden * fragments; ++f) {
          const int q = f * threads + static_cast<int>(b.thread);
          float4 w = own.w[q], m = own.m[q], v = own.v[q];
          fast_adam(update, fragment(f), w, m, v);
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

}  // namespace frugal::cuda
