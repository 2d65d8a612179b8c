// The paired kernel of narrow.hpp: two blocks of a cluster share a network's tiles. Each owns half of every thread's
// fragments and half of the thin part: it gets the other's gradients of those into its shared memory, takes the step, and
// writes the new weights, as operands, to the other.
#pragma once
#include "impl/cuda/inr/narrow_gathered.hpp"

namespace frugal::cuda {

template <class Shape>
struct PairedMemory {
  static constexpr int own_fragments = Shape::hidden * Shape::fragments / 2;  ///< of a thread
  static constexpr int own_hidden = own_fragments * Shape::threads;
  static constexpr int own_thin = (Shape::thin / 4 + 1) / 2;  ///< float4, as the next
  static constexpr int slice = own_hidden + own_thin;
  static constexpr std::uint32_t received_at = GatheredMemory<Shape>::state_at;
  static constexpr std::uint32_t losses_at = received_at + slice * 16;  ///< [2] double, 16 bytes apart
  static constexpr std::uint32_t state_at = losses_at + 32;
  /// New operands from the other block, over activations that nobody needs any more.
  static constexpr std::uint32_t operands_at = Shape::buffers_at;
  static_assert(own_hidden * 16 <= Shape::buffers * Shape::buffer_bytes);
};

/// Clusters of two blocks take networks in turn.
template <class Shape>
__global__ void __launch_bounds__(Shape::threads, 1)
    narrow_paired(InrTraining training, NarrowScratch scratch, const UpdateStep* updates, int steps, double* squares) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 900
  using T = typename Shape::T;
  using Memory = PairedMemory<Shape>;
  constexpr int fragments = Shape::fragments, half = Memory::own_fragments;
  constexpr int threads = Shape::threads;
  const NarrowBlock<Shape> b;
  const NarrowPlaces<Shape> places{training.net};
  const int rank = static_cast<int>(blockIdx.x) % 2;
  const int slot = static_cast<int>(blockIdx.x) / 2;
  const auto other = static_cast<unsigned>(1 - rank);
  const int tiles = (training.points + Shape::points - 1) / Shape::points;
  const int begin = rank == 0 ? 0 : tiles / 2, end = rank == 0 ? tiles / 2 : tiles;
  const bool keep_samples = end - begin <= GatheredMemory<Shape>::slots;
  const int first_thin = rank * Memory::own_thin;
  const int end_thin = min(first_thin + Memory::own_thin, Shape::thin / 4);
  const int first_other = (1 - rank) * Memory::own_thin;
  const int end_other = min(first_other + Memory::own_thin, Shape::thin / 4);
  // Value j of the slice is float4 state_of(j) of the network.
  const int slice = Memory::own_hidden + end_thin - first_thin;
  const auto state_of = [&](int j) {
    return j < Memory::own_hidden ? rank * Memory::own_hidden + j
                                  : Shape::hidden_float4 + first_thin + (j - Memory::own_hidden);
  };
  float4* const in_shared = b.template at<float4>(Memory::state_at);
  float4* const in_memory = scratch.state + (static_cast<std::int64_t>(slot) * 2 + rank) * 3 * Memory::slice;
  float4* const own_m = scratch.shared_state > 0 ? in_shared : in_memory;
  float4* const own_w = scratch.shared_state > 1 ? in_shared + Memory::slice : in_memory + Memory::slice;
  float4* const own_v = scratch.shared_state > 2 ? in_shared + 2 * Memory::slice : in_memory + 2 * Memory::slice;
  const float4* const received = b.template at<const float4>(Memory::received_at);
  const auto received_by_other = [&](int j) {
    return b.address + Memory::received_at + static_cast<std::uint32_t>(j) * 16;
  };

  cluster_barrier();  // the other's memory is there
  const int slots = static_cast<int>(gridDim.x) / 2;
  for (int k = slot; k < training.networks; k += slots) {
    const std::int64_t state = static_cast<std::int64_t>(k) * training.net.count;
    __syncthreads();  // the network before
    for (int q = static_cast<int>(b.thread); q < Shape::hidden_float4; q += threads)
      b.put_weights(1 + q / (fragments * threads), q / threads % fragments,
                    places.load(training.parameters + state, q) * weight_scale<T>);
    for (int i = static_cast<int>(b.thread); i < Shape::thin; i += threads)
      b.thin()[i] = places.load_thin(training.parameters + state, i);
    for (int j = static_cast<int>(b.thread); j < slice; j += threads) {
      own_w[j] = places.load(training.parameters + state, state_of(j)) * (j < Memory::own_hidden ? weight_scale<T> : 1);
      own_m[j] = places.load(training.first + state, state_of(j));
      own_v[j] = places.load(training.second + state, state_of(j));
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
      // Fragment j of a half, without an index that depends on the block.
      const auto fragment = [&](int of_half, int j) {
        const auto at = [&](int f) {
          return gradient_of<Shape>(
              sums[f / fragments][f % fragments / Shape::gradient_columns][f % fragments % Shape::gradient_columns],
              training.scale / sums_scale[f / fragments]);
        };
        const float4 low = at(j), high = at(half + j);
        return make_float4(of_half == 0 ? low.x : high.x, of_half == 0 ? low.y : high.y, of_half == 0 ? low.z : high.z,
                           of_half == 0 ? low.w : high.w);
      };
      NoExchange none;
      const double loss = train_tiles(b, training, k, begin, end, keep_samples, sums, sums_scale, none);
#pragma unroll
      for (int j = 0; j < half; ++j)
        store_to_cluster(received_by_other(j * threads + static_cast<int>(b.thread)), other,
                         fragment(static_cast<int>(other), j));
      for (int i = first_other + static_cast<int>(b.thread); i < end_other; i += threads)
        store_to_cluster(received_by_other(Memory::own_hidden + i - first_other), other,
                         reinterpret_cast<const float4*>(b.thin_gradient())[i]);
      if (b.thread == 0) {
        const auto bits = std::bit_cast<float2>(loss);
        const std::uint32_t at = b.address + Memory::losses_at + static_cast<std::uint32_t>(rank) * 16;
        store_to_cluster(at, other, make_float4(bits.x, bits.y, 0, 0));
        *b.template at<double>(Memory::losses_at + static_cast<std::uint32_t>(rank) * 16) = loss;
      }
      arrive_at_cluster();
      const FastAdam of_weights(updates[s], weight_scale<T>), of_thin(updates[s]);
      float4 w[half], m[half], v[half];
#pragma unroll
      for (int j = 0; j < half; ++j) {
        const int at = j * threads + static_cast<int>(b.thread);
        w[j] = own_w[at];
        m[j] = own_m[at];
        v[j] = own_v[at];
      }
      wait_for_cluster();

#pragma unroll
      for (int j = 0; j < half; ++j) {
        const int at = j * threads + static_cast<int>(b.thread);
        float4 g = fragment(rank, j);
        const float4 more = received[at];
        g.x += more.x;
        g.y += more.y;
        g.z += more.z;
        g.w += more.w;
        of_weights.take(g, w[j], m[j], v[j]);
        own_w[at] = w[j];
        own_m[at] = m[j];
        own_v[at] = v[j];
        const int f = rank * half + j;
        b.put_weights(1 + f / fragments, f % fragments, w[j]);
        const WeightOperands<T, Shape::parts> operands(w[j]);
        const auto& upper = operands.upper.bits;
        const auto& lower = operands.lower.bits;
        store_to_cluster(
            b.address + Memory::operands_at + static_cast<std::uint32_t>(at) * 16, other,
            make_float4(std::bit_cast<float>(upper[0]), std::bit_cast<float>(lower[0]),
                        std::bit_cast<float>(upper[Shape::parts - 1]), std::bit_cast<float>(lower[Shape::parts - 1])));
      }
      for (int i = first_thin + static_cast<int>(b.thread); i < end_thin; i += threads) {
        const int at = Memory::own_hidden + i - first_thin;
        float4 g = reinterpret_cast<const float4*>(b.thin_gradient())[i];
        const float4 more = received[at];
        g.x += more.x;
        g.y += more.y;
        g.z += more.z;
        g.w += more.w;
        float4 of_w = own_w[at], of_m = own_m[at], of_v = own_v[at];
        of_thin.take(g, of_w, of_m, of_v);
        own_w[at] = of_w;
        own_m[at] = of_m;
        own_v[at] = of_v;
        reinterpret_cast<float4*>(b.thin())[i] = of_w;
        store_to_cluster(b.address + Shape::thin_at + static_cast<std::uint32_t>(i) * 16, other, of_w);
      }
      if (b.thread == 0)
        narrow_add_loss(
            b, training.patience,
            *b.template at<const double>(Memory::losses_at) + *b.template at<const double>(Memory::losses_at + 16),
            rank == 0 ? squares + static_cast<std::int64_t>(s) * training.networks + k : nullptr);
      cluster_barrier();
#pragma unroll
      for (int j = 0; j < half; ++j) {
        const uint4 bits = b.template at<const uint4>(Memory::operands_at)[j * threads + static_cast<int>(b.thread)];
        const int f = static_cast<int>(other) * half + j;
        b.put_operands(1 + f / fragments, f % fragments, bits);
      }
      __syncthreads();
    }

    if (rank == 0 && b.thread == 0) training.curves[k] = *b.template at<const StaleStop>(Shape::curve_at);
    for (int j = static_cast<int>(b.thread); j < slice; j += threads) {
      places.store(training.parameters + state, state_of(j),
                   own_w[j] * (j < Memory::own_hidden ? 1 / weight_scale<T> : 1));
      places.store(training.first + state, state_of(j), own_m[j]);
      places.store(training.second + state, state_of(j), own_v[j]);
    }
  }
#endif
}

}  // namespace frugal::cuda
