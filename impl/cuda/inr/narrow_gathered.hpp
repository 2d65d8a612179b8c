// The gathered kernel of narrow.hpp. How the blocks of a network exchange gradients and weights:
//
//   A block writes a layer's gradients to device memory as soon as its sums are complete, and raises the layer's flag one
//   layer later. It owns a slice of every layer: when all blocks' flags are up it copies their gradients of the slice to
//   shared memory while the layer after that is computed, adds them up, takes the step and writes the new weights as
//   operands. So of a deep network only the last two layers, first and last layer and biases are exchanged after the last
//   tile. Then a last flag says that all operands are there; all blocks copy them, the upper layers' while the lower ones
//   are computed.
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
  static constexpr unsigned flag_thread = threads - 32;  ///< in a warp that has no part in thin products of width 64
  static constexpr bool in_layers = rounds == 1;         ///< whether a layer's exchange is under another's products
  static_assert(copies == 2 || copies == 4);
  static_assert(Shape::buffers * Shape::buffer_bytes >= (of_round + 2 * threads) * 16);

  const NarrowBlock<Shape>& b;
  const float (&sums)[Shape::hidden][Shape::gradient_rows][Shape::gradient_columns][4];
  const float (&sums_scale)[Shape::hidden];
  float scale;  ///< of the training
  int blocks, rank;
  float4 *w, *m, *v;        ///< of the slice: of each layer, then of the thin part
  float4* gradients;        ///< [blocks, state_float4]
  unsigned char* operands;  ///< of the network
  unsigned* flags;          ///< operands, layers 1 .. hidden
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

  __device__ void raise(int flag) const {
    if (b.thread == flag_thread) raise_flag(flags + flag * narrow_flag_stride);
  }
  __device__ void wait(int flag) const {
    if (b.thread == flag_thread) wait_for_flag(flags + flag * narrow_flag_stride, step * static_cast<unsigned>(blocks));
  }

  /// Where a layer's gradients are added up: its own activations and the deltas above are dead by then. What a round of
  /// the layer leaves for take_step() lies in the second half, which the next layer's copies do not touch.
  __device__ static std::uint32_t workspace(int layer) {
    return Shape::buffers_at + static_cast<std::uint32_t>(layer) * Shape::buffer_bytes;
  }
  // A round is a slice of 1024 / blocks values from all blocks: a thread copies two or four, of as many blocks or of both
  // there are, and adds those up; then the threads that share a value's blocks add up theirs.
  __device__ int of_value() const { return min(copies, blocks); }            ///< copies of a value by a thread
  __device__ int across() const { return min(threads, of_round / blocks); }  ///< values of neighbouring threads

  __device__ __forceinline__ void start_copies(int layer, int round, std::uint32_t space) const {
    const int j = static_cast<int>(b.thread) % across(), first = static_cast<int>(b.thread) / across() * of_value();
    const float4* const from = gradients + (layer - 1) * of_layer + rank * slice() + round * (of_round / blocks) + j;
#pragma unroll
    for (int c = 0; c < copies; ++c)
      copy_async(b.address + space + (static_cast<unsigned>(c) * Shape::threads + b.thread) * 16,
                 from + (first + c % of_value()) * Shape::state_float4 + c / of_value() * across());
    commit_copies();
  }
  __device__ __forceinline__ void add_up(std::uint32_t space) const {
    wait_for_copies<0>();
    float4* const own = b.template at<float4>(space) + b.thread;
    float4 sum = own[0];
    add(sum, own[threads]);
    if constexpr (copies == 4) {
      float4 more = own[2 * threads];
      add(more, own[3 * threads]);
      if (blocks == 2)
        own[3 * threads] = more;
      else
        add(sum, more);
    }
    own[copies / 2 * threads] = sum;
  }
  /// After a barrier: the step of the values of a round.
  __device__ __forceinline__ void take_step(int layer, int round, std::uint32_t space) const {
    const int values = of_round / blocks;
    for (int j = static_cast<int>(b.thread ^ (threads / 2U)); j < values; j += threads) {
      const float4* const parts =
          b.template at<const float4>(space) + (copies / 2 + j / across()) * threads + j % across();
      float4 sum = parts[0];
      for (int group = 1; group < threads / across(); ++group) add(sum, parts[group * across()]);
      const int at = round * values + j;
      const float4 moved = move((layer - 1) * slice() + at, sum);
      put_operands((layer - 1) * of_layer + rank * slice() + at, moved);
    }
  }
  __device__ __forceinline__ float4 move(int i, const float4& gradient) const {
    float4 of_w = w[i], of_m = m[i], of_v = v[i];
    fast_adam(update, gradient, of_w, of_m, of_v);
    w[i] = of_w;
    m[i] = of_m;
    v[i] = of_v;
    return of_w;
  }
  __device__ __forceinline__ void put_operands(int q, const float4& value) const {
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
    put(fragment.row, value.x, value.y);
    put(fragment.row + 8, value.z, value.w);
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
  __device__ __forceinline__ void before_layer(int layer) const {
    if (blocks == 1) return;
    if (layer < Shape::hidden) raise(layer + 1);
    if (!in_layers) return;
    if (layer + 2 <= Shape::hidden) start_copies(layer + 2, 0, workspace(layer + 2));
    if (layer + 3 <= Shape::hidden) take_step(layer + 3, 0, workspace(layer + 3));
  }
  __device__ __forceinline__ void publish(int layer) const {
    if (blocks == 1) return;
#pragma unroll
    for (int f = 0; f < Shape::fragments; ++f) {
      const int at = (layer - 1) * Shape::fragments + f;
      __stcg(gradients + rank * Shape::state_float4 + at * threads + static_cast<int>(b.thread), fragment(at));
    }
  }
  __device__ __forceinline__ void after_layer(int layer) const {
    if (blocks == 1) return;
    if (in_layers && layer + 2 <= Shape::hidden) add_up(workspace(layer + 2));
    if (layer + 1 <= Shape::hidden) wait(layer + 1);
  }

  /// After the last tile: what is left. Returns the network's sum of square errors to the first thread.
  __device__ __forceinline__ double finish(double loss, double* squares) const {
    constexpr int first_left = in_layers && Shape::hidden > 2 ? 2 : Shape::hidden;
    if (in_layers && Shape::hidden >= 3) take_step(3, 0, workspace(3));
    for (int i = static_cast<int>(b.thread); i < thin; i += threads)
      __stcg(gradients + rank * Shape::state_float4 + Shape::hidden_float4 + i,
             reinterpret_cast<const float4*>(b.thin_gradient())[i]);
    if (b.thread == 0) __stcg(squares + rank, loss);
    __syncthreads();
    raise(1);
    for (int layer = first_left; layer >= 2; --layer) exchange_layer(layer);
    wait(1);
    __syncthreads();
    const std::uint32_t thin_space = workspace(0) + of_round * 16;
    const int of_slice = thin_slice();
    for (int i = static_cast<int>(b.thread); i < of_slice * blocks; i += threads) {
      const int at = rank * of_slice + i % of_slice;
      if (at < thin)
        copy_async(b.address + thin_space + static_cast<unsigned>(i) * 16,
                   gradients + i / of_slice * Shape::state_float4 + Shape::hidden_float4 + at);
    }
    exchange_layer(1);
    const int i = static_cast<int>(b.thread);
    if (i < of_slice && rank * of_slice + i < thin) {
      const float4* const parts = b.template at<const float4>(thin_space) + i;
      float4 sum = parts[0];
      for (int c = 1; c < blocks; ++c) add(sum, parts[c * of_slice]);
      const float4 moved = move(Shape::hidden * slice() + i, sum);
      __stcg(reinterpret_cast<float4*>(operands + Shape::hidden * Shape::layer_bytes) + rank * of_slice + i, moved);
    }
    double sum = 0;
    if (b.thread == 0)
      for (int c = 0; c < blocks; ++c) sum += __ldcg(squares + c);
    __syncthreads();
    raise(0);
    wait(0);
    __syncthreads();
    copy_operands();
    return sum;
  }
  /// A layer's rounds one after another; barriers on both sides of each.
  __device__ __forceinline__ void exchange_layer(int layer) const {
#pragma unroll 1
    for (int round = 0; round < rounds; ++round) {
      start_copies(layer, round, workspace(0));
      add_up(workspace(0));
      __syncthreads();
      take_step(layer, round, workspace(0));
      __syncthreads();
    }
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
                    places.load(training.parameters + state, q));
    for (int i = static_cast<int>(b.thread); i < Shape::thin; i += threads)
      b.thin()[i] = places.load_thin(training.parameters + state, i);
    for (int i = static_cast<int>(b.thread); i < slice; i += threads) {
      const int q = exchange.state_of(i);
      if (q < 0) continue;
      exchange.w[i] = places.load(training.parameters + state, q);
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
#pragma unroll
        for (int f = 0; f < Shape::hidden * fragments; ++f) {
          const float4 w = exchange.move(f * threads + static_cast<int>(b.thread), exchange.fragment(f));
          b.put_weights(1 + f / fragments, f % fragments, w);
        }
        for (int i = static_cast<int>(b.thread); i < Shape::thin / 4; i += threads)
          reinterpret_cast<float4*>(b.thin())[i] =
              exchange.move(Shape::hidden_float4 + i, reinterpret_cast<const float4*>(b.thin_gradient())[i]);
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
      places.store(training.parameters + state, q, exchange.w[i]);
      places.store(training.first + state, q, exchange.m[i]);
      places.store(training.second + state, q, exchange.v[i]);
    }
  }
#endif
}

}  // namespace frugal::cuda
