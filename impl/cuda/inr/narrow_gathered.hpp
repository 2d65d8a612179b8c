// The gathered kernel of narrow.hpp. How the blocks of a network exchange gradients and weights:
//
//   A block writes a layer's gradients to device memory as soon as its sums are complete, the thin part's after the last
//   tile, and raises a flag. It owns a slice of every layer: when all have raised theirs it copies their gradients of the
//   slice to shared memory, adds them up, takes the step and writes the new weights as operands. A second flag says that
//   all operands are there; all blocks copy them, the upper layers' while the lower ones are computed.
//
//   A flag for every layer, so that a layer is exchanged under the products of those below it, is slower: each wait is
//   as long as the slowest of the blocks makes it.
#pragma once
#include "impl/cuda/inr/narrow_training.hpp"

namespace frugal::cuda {

/// Shared memory of the gathered kernel: samples of 128 points, then as much of the block's slice of the state as fits.
template <class Shape>
struct GatheredMemory {
  static constexpr int slots = 128 / Shape::points;
  static constexpr std::uint32_t state_at = Shape::samples_at + slots * Shape::sample_bytes;
};

__device__ __forceinline__ void add(float4& sum, const float4& part) {
  sum.x += part.x;
  sum.y += part.y;
  sum.z += part.z;
  sum.w += part.w;
}

/// One of the blocks of a network: which part of the parameters is its to update, and how it meets the others.
template <class Shape>
struct GatheredExchange {
  using T = typename Shape::T;
  static constexpr int threads = Shape::threads;
  static constexpr int of_layer = Shape::fragments * threads;  ///< float4, as all that follows
  static constexpr int thin = Shape::thin / 4;
  static constexpr int of_round = of_layer < 1024 ? of_layer : 1024;  ///< copied at a time
  static constexpr int copies = of_round / threads;                   ///< of a thread
  static constexpr int rounds = of_layer / of_round;
  /// Rounds whose copies are under way together: the activations, which nobody needs by then, hold them and the thin part.
  static constexpr int all_rounds = Shape::hidden * rounds;
  static constexpr int room = (Shape::buffers * static_cast<int>(Shape::buffer_bytes) / 16 - 2 * threads) / of_round;
  static constexpr int together = all_rounds < room ? all_rounds : room;
  static_assert(copies == 2 || copies == 4);
  static_assert(together >= 1);

  const NarrowBlock<Shape>& b;
  const float (&sums)[Shape::hidden][Shape::gradient_rows][Shape::gradient_columns][4];
  const float (&sums_scale)[Shape::hidden];
  float scale;  ///< of the training
  int blocks, rank;
  float4 *w, *m, *v;        ///< of the slice: of each layer, then of the thin part
  float4* gradients;        ///< [blocks, state_float4]
  unsigned char* operands;  ///< of the network
  unsigned* flags;          ///< of gradients, of operands
  UpdateStep update{};
  unsigned step = 0;  ///< of the flags

  __device__ int slice() const { return of_layer / blocks; }
  __device__ int thin_slice() const { return (thin + blocks - 1) / blocks; }
  __device__ int size() const { return Shape::hidden * slice() + thin_slice(); }
  /// Float4 of the network's state that is value i of the slice; -1 beyond the thin part.
  __device__ int state_of(int i) const {
    if (i < Shape::hidden * slice()) return i / slice() * of_layer + rank * slice() + i % slice();
    const int at = rank * thin_slice() + i - Shape::hidden * slice();
    return at < thin ? Shape::hidden_float4 + at : -1;
  }

  /// Of all blocks, by one of two flags in turn.
  __device__ __forceinline__ void meet(int flag) const {
    __syncthreads();
    if (b.thread == 0) {
      raise_flag(flags + flag * narrow_flag_stride);
      wait_for_flag(flags + flag * narrow_flag_stride, step * static_cast<unsigned>(blocks));
    }
    __syncthreads();
  }

  static __device__ std::uint32_t workspace(int i) {
    return Shape::buffers_at + static_cast<std::uint32_t>(i) * of_round * 16;
  }
  // A round is a slice of 1024 / blocks values from all blocks: a thread copies two or four, of as many blocks or of both
  // there are, and adds those up; then the threads that share a value's blocks add up theirs.
  __device__ int of_value() const { return min(copies, blocks); }            ///< copies of a value by a thread
  __device__ int across() const { return min(threads, of_round / blocks); }  ///< values of neighbouring threads

  /// Round `i` of all, whose workspace is that of `place`.
  __device__ __forceinline__ void start_copies(int i, int place) const {
    const int j = static_cast<int>(b.thread) % across(), first = static_cast<int>(b.thread) / across() * of_value();
    const float4* const from =
        gradients + i / rounds * of_layer + rank * slice() + i % rounds * (of_round / blocks) + j;
#pragma unroll
    for (int c = 0; c < copies; ++c)
      copy_async(b.address + workspace(place) + (static_cast<unsigned>(c) * Shape::threads + b.thread) * 16,
                 from + (first + c % of_value()) * Shape::state_float4 + c / of_value() * across());
  }
  __device__ __forceinline__ void add_up(int place) const {
    float4* const own = b.template at<float4>(workspace(place)) + b.thread;
    float4 sum = own[0];
    add(sum, own[threads]);
    if constexpr (copies == 4) {
      float4 more = own[2 * threads];
      add(more, own[3 * threads]);
      if (blocks == 2)
        own[threads] = more;
      else
        add(sum, more);
    }
    own[0] = sum;
  }
  /// After a barrier: the steps of rounds [first, first + count).
  __device__ __forceinline__ void take_steps(int first, int count) const {
    const FastAdam of_weights(update, weight_scale<T>);
    const int values = of_round / blocks;
    for (int i = static_cast<int>(b.thread); i < count * values; i += threads) {
      const int place = i / values, j = i % values, round = first + place;
      const float4* const parts = b.template at<const float4>(workspace(place)) + j / across() * threads + j % across();
      float4 sum = parts[0];
      for (int group = 1; group < threads / across(); ++group) add(sum, parts[group * across()]);
      const int at = round % rounds * values + j;
      const float4 moved = move(of_weights, round / rounds * slice() + at, sum);
      put_operands(round / rounds * of_layer + rank * slice() + at, moved);
    }
  }
  __device__ __forceinline__ float4 move(const FastAdam& adam, int i, const float4& gradient) const {
    float4 of_w = w[i], of_m = m[i], of_v = v[i];
    adam.take(gradient, of_w, of_m, of_v);
    w[i] = of_w;
    m[i] = of_m;
    v[i] = of_v;
    return of_w;
  }
  __device__ __forceinline__ void put_operands(int q, const float4& value) const {
    const auto fragment = NarrowPlaces<Shape>::fragment(q);
    unsigned char* const to = operands + static_cast<std::uint32_t>(fragment.layer - 1) * Shape::layer_bytes;
    const auto put = [&](int row, const Pair<T, Shape::parts>& pair) {
      const std::uint32_t at =
          pair_at<Shape::width>(static_cast<unsigned>(row), static_cast<unsigned>(fragment.column));
#pragma unroll
      for (std::uint32_t part = 0; part < Shape::parts; ++part)
        __stcg(reinterpret_cast<unsigned*>(to + at + part * Shape::weights_low), pair.bits[part]);
    };
    const WeightOperands<T, Shape::parts> of_value(value);
    put(fragment.row, of_value.upper);
    put(fragment.row + 8, of_value.lower);
  }

  __device__ __forceinline__ float4 fragment(int f) const {
    const int layer = f / Shape::fragments, of = f % Shape::fragments;
    return gradient_of<Shape>(sums[layer][of / Shape::gradient_columns][of % Shape::gradient_columns],
                              scale / sums_scale[layer]);
  }

  // Around the layers of train_tiles().
  __device__ __forceinline__ void before_product(int layer) const {
    if (blocks == 1 || layer == 1) return;
    wait_for_last_copies(Shape::hidden - layer);
    __syncthreads();
  }
  __device__ __forceinline__ void publish(int layer) const {
    if (blocks == 1) return;
#pragma unroll
    for (int f = 0; f < Shape::fragments; ++f) {
      const int at = (layer - 1) * Shape::fragments + f;
      __stcg(gradients + rank * Shape::state_float4 + at * threads + static_cast<int>(b.thread), fragment(at));
    }
  }
  /// After the last tile. Returns the network's sum of square errors to the first thread.
  __device__ __forceinline__ double finish(double loss, double* squares) const {
    for (int i = static_cast<int>(b.thread); i < thin; i += threads)
      __stcg(gradients + rank * Shape::state_float4 + Shape::hidden_float4 + i,
             reinterpret_cast<const float4*>(b.thin_gradient())[i]);
    if (b.thread == 0) __stcg(squares + rank, loss);
    meet(0);
    const std::uint32_t thin_space = workspace(together);
    const int of_slice = thin_slice();
    for (int i = static_cast<int>(b.thread); i < of_slice * blocks; i += threads) {
      const int at = rank * of_slice + i % of_slice;
      if (at < thin)
        copy_async(b.address + thin_space + static_cast<unsigned>(i) * 16,
                   gradients + i / of_slice * Shape::state_float4 + Shape::hidden_float4 + at);
    }
#pragma unroll 1
    for (int first = 0; first < all_rounds; first += together) {
      const int count = min(together, all_rounds - first);
#pragma unroll 1
      for (int i = 0; i < count; ++i) start_copies(first + i, i);
      commit_copies();
      wait_for_copies<0>();
#pragma unroll 1
      for (int i = 0; i < count; ++i) add_up(i);
      __syncthreads();
      take_steps(first, count);
      if (first == 0) take_thin_step(thin_space);
      __syncthreads();
    }
    double sum = 0;
    if (b.thread == 0)
      for (int c = 0; c < blocks; ++c) sum += __ldcg(squares + c);
    meet(1);
    copy_operands();
    return sum;
  }
  __device__ __forceinline__ void take_thin_step(std::uint32_t space) const {
    const int of_slice = thin_slice(), i = threads - 1 - static_cast<int>(b.thread);
    if (i >= of_slice || rank * of_slice + i >= thin) return;
    const float4* const parts = b.template at<const float4>(space) + i;
    float4 sum = parts[0];
    for (int c = 1; c < blocks; ++c) add(sum, parts[c * of_slice]);
    const float4 moved = move(FastAdam(update), Shape::hidden * slice() + i, sum);
    __stcg(reinterpret_cast<float4*>(operands + Shape::hidden * Shape::layer_bytes) + rank * of_slice + i, moved);
  }

  /// A group of copies for each layer, the thin part in the first, which is there when this returns; of the others
  /// before_product() takes care.
  __device__ __forceinline__ void copy_operands() const {
    constexpr std::uint32_t of_weights = Shape::hidden * Shape::layer_bytes;
    for (std::uint32_t at = b.thread * 16; at < Shape::thin * 4; at += Shape::threads * 16)
      copy_async(b.address + Shape::thin_at + at, operands + of_weights + at);
#pragma unroll 1
    for (std::uint32_t start = 0; start < of_weights; start += Shape::layer_bytes) {
#pragma unroll 4
      for (std::uint32_t at = b.thread * 16; at < Shape::layer_bytes; at += Shape::threads * 16)
        copy_async(b.address + start + at, operands + start + at);
      commit_copies();
    }
    wait_for_last_copies(Shape::hidden - 1);
  }
  static __device__ __forceinline__ void wait_for_last_copies(int pending) {
    static_assert(Shape::hidden <= 5);
    if (pending == 0) wait_for_copies<0>();
    if (pending == 1) wait_for_copies<1>();
    if (pending == 2) wait_for_copies<2>();
    if (pending == 3) wait_for_copies<3>();
    if (pending == 4) wait_for_copies<4>();
  }
};

/// Slots of `blocks` blocks take networks in turn; with more than one block the launch is cooperative.
template <class Shape>
__global__ void __launch_bounds__(Shape::threads, 1)
    narrow_gathered(InrTraining training, NarrowScratch scratch, const UpdateStep* updates, int steps,
                    double* squares) {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 800
  using T = typename Shape::T;
  using Memory = GatheredMemory<Shape>;
  constexpr int fragments = Shape::fragments;
  constexpr int threads = Shape::threads;
  const NarrowBlock<Shape> b;
  const NarrowPlaces<Shape> places{training.net};
  const int blocks = scratch.blocks;
  const int rank = static_cast<int>(blockIdx.x) % blocks;
  const int slot = static_cast<int>(blockIdx.x) / blocks;
  const int tiles = (training.points + Shape::points - 1) / Shape::points;
  const int begin = static_cast<int>(static_cast<std::int64_t>(tiles) * rank / blocks);
  const int end = static_cast<int>(static_cast<std::int64_t>(tiles) * (rank + 1) / blocks);
  const bool keep_samples = end - begin <= Memory::slots;

  float sums_scale[Shape::hidden];
  float sums[Shape::hidden][Shape::gradient_rows][Shape::gradient_columns][4];
  constexpr std::uint32_t operand_bytes = Shape::hidden * Shape::layer_bytes + Shape::thin * 4;
  GatheredExchange<Shape> exchange{b,
                                   sums,
                                   sums_scale,
                                   training.scale,
                                   blocks,
                                   rank,
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   scratch.gradients + static_cast<std::int64_t>(slot) * blocks * Shape::state_float4,
                                   scratch.operands + static_cast<std::int64_t>(slot) * operand_bytes,
                                   scratch.flags + slot * narrow_flags * narrow_flag_stride};
  const int slice = exchange.size();
  float4* const in_shared = b.template at<float4>(Memory::state_at);
  float4* const in_memory = scratch.state + (static_cast<std::int64_t>(slot) * blocks + rank) * 3 * slice;
  exchange.m = scratch.shared_state > 0 ? in_shared : in_memory;
  exchange.w = scratch.shared_state > 1 ? in_shared + slice : in_memory + slice;
  exchange.v = scratch.shared_state > 2 ? in_shared + 2 * slice : in_memory + 2 * slice;

  const int slots = static_cast<int>(gridDim.x) / blocks;
  for (int k = slot; k < training.networks; k += slots) {
    const std::int64_t state = static_cast<std::int64_t>(k) * training.net.count;
    __syncthreads();  // the network before
    for (int q = static_cast<int>(b.thread); q < Shape::hidden_float4; q += threads)
      b.put_weights(1 + q / (fragments * threads), q / threads % fragments,
                    places.load(training.parameters + state, q) * weight_scale<T>);
    for (int i = static_cast<int>(b.thread); i < Shape::thin; i += threads)
      b.thin()[i] = places.load_thin(training.parameters + state, i);
    for (int i = static_cast<int>(b.thread); i < slice; i += threads) {
      const int q = exchange.state_of(i);
      if (q < 0) continue;
      exchange.w[i] = places.load(training.parameters + state, q) * (q < Shape::hidden_float4 ? weight_scale<T> : 1);
      exchange.m[i] = places.load(training.first + state, q);
      exchange.v[i] = places.load(training.second + state, q);
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
      ++exchange.step;
      exchange.update = updates[s];
      double loss = train_tiles(b, training, k, begin, end, keep_samples, sums, sums_scale, exchange);
      if (blocks == 1) {
        const FastAdam of_weights(exchange.update, weight_scale<T>), of_thin(exchange.update);
#pragma unroll
        for (int f = 0; f < Shape::hidden * fragments; ++f) {
          const float4 w = exchange.move(of_weights, f * threads + static_cast<int>(b.thread), exchange.fragment(f));
          b.put_weights(1 + f / fragments, f % fragments, w);
        }
        for (int i = static_cast<int>(b.thread); i < Shape::thin / 4; i += threads)
          reinterpret_cast<float4*>(b.thin())[i] =
              exchange.move(of_thin, Shape::hidden_float4 + i, reinterpret_cast<const float4*>(b.thin_gradient())[i]);
      } else {
        loss = exchange.finish(loss, scratch.squares + slot * blocks);
      }
      if (b.thread == 0)
        narrow_add_loss(b, training.patience, loss,
                        rank == 0 ? squares + static_cast<std::int64_t>(s) * training.networks + k : nullptr);
      __syncthreads();
    }

    wait_for_copies<0>();
    if (rank == 0 && b.thread == 0) training.curves[k] = *b.template at<const StaleStop>(Shape::curve_at);
    for (int i = static_cast<int>(b.thread); i < slice; i += threads) {
      const int q = exchange.state_of(i);
      if (q < 0) continue;
      places.store(training.parameters + state, q,
                   exchange.w[i] * (q < Shape::hidden_float4 ? 1 / weight_scale<T> : 1));
      places.store(training.first + state, q, exchange.m[i]);
      places.store(training.second + state, q, exchange.v[i]);
    }
  }
#endif
}

}  // namespace frugal::cuda
