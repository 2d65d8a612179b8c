#include <algorithm>

#include "impl/cuda/recommender/interaction.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned interaction_threads = 512;
constexpr unsigned sum_threads = 256;
constexpr unsigned put_at_once = 8;  ///< values of a column of an operand

/// Floats between two vectors in shared memory: whole pieces of 16 bytes, an odd number of them, so that lanes on
/// different vectors use different banks.
__host__ __device__ constexpr unsigned vector_stride(unsigned dim) { return ((dim + 3) / 4 | 1U) * 4; }

__host__ __device__ constexpr unsigned pairs_of(unsigned vectors) { return vectors * (vectors - 1) / 2; }

/// Vectors i > j; their dot product lies at i (i - 1) / 2 + j behind the bottom output.
struct VectorPair {
  unsigned i;
  unsigned j;
  __device__ explicit VectorPair(unsigned at)
      : i(static_cast<unsigned>((1 + sqrtf(1 + 8 * static_cast<float>(at))) / 2)) {
    while (pairs_of(i) > at) --i;
    while (pairs_of(i + 1) <= at) ++i;
    j = at - pairs_of(i);
  }
};

/// Of vectors of pieces T in shared memory, in the order of their values.
template <class T>
__device__ float dot_of(const float* left, const float* right, unsigned dim) {
  constexpr unsigned width = sizeof(T) / sizeof(float);
  float sum = 0;
#pragma unroll 4
  for (unsigned k = 0; k < dim; k += width) {
    const T l = *reinterpret_cast<const T*>(left + k);
    const T r = *reinterpret_cast<const T*>(right + k);
    for (unsigned c = 0; c < width; ++c)
      sum += reinterpret_cast<const float*>(&l)[c] * reinterpret_cast<const float*>(&r)[c];
  }
  return sum;
}

/// A thread has one value, or four neighbours, of a bag's sum. Rows are fetched eight at a time and added in order.
template <class T>
__global__ void __launch_bounds__(sum_threads)
    add_rows(DlrmShape shape, const float* tables, DlrmBags bags, Count examples, float* sums) {
  constexpr unsigned width = sizeof(T) / sizeof(float);
  constexpr unsigned ahead = 8;
  const std::uint32_t per_bag = shape.dim / width;
  const std::uint64_t n = std::uint64_t{blockIdx.x} * sum_threads + threadIdx.x;
  const std::uint64_t bag = n / per_bag;
  if (bag >= std::uint64_t{examples()} * shape.tables) return;
  const unsigned k = static_cast<unsigned>(n % per_bag) * width;
  float sum[width] = {};
  const auto add = [&](const T& row) {
    for (unsigned v = 0; v < width; ++v) sum[v] += reinterpret_cast<const float*>(&row)[v];
  };
  const auto row = [&](std::uint32_t i) {
    return *reinterpret_cast<const T*>(tables + std::size_t{bags.rows[i]} * shape.dim + k);
  };
  std::uint32_t i = bags.begins[bag];
  const std::uint32_t end = bags.begins[bag + 1];
  for (; i + ahead <= end; i += ahead) {
    T fetched[ahead];
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a) fetched[a] = row(i + a);
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a) add(fetched[a]);
  }
  for (; i < end; ++i) add(row(i));
  T result;
  for (unsigned v = 0; v < width; ++v) reinterpret_cast<float*>(&result)[v] = sum[v];
  *reinterpret_cast<T*>(sums + bag * shape.dim + k) = result;
}

/// x [examples of the block, vectors, vector_stride]; zeros beyond the batch.
template <class T>
__device__ void load_vectors(const DlrmShape& shape, const DlrmVectors& vectors, const float* bottom,
                             std::uint32_t first, std::uint32_t count, unsigned block, float* x) {
  constexpr unsigned width = sizeof(T) / sizeof(float);
  const unsigned per_vector = shape.dim / width;
  const unsigned all = shape.tables + 1;
  const unsigned stride = vector_stride(shape.dim);
  const unsigned pieces = block * all * per_vector;
  constexpr unsigned ahead = 5;  // pieces that a thread asks for at once: rows lie anywhere in device memory
  for (unsigned n = threadIdx.x; n < pieces; n += interaction_threads * ahead) {
    const float* from[ahead];
    T values[ahead];
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a) {
      const unsigned at = n + a * interaction_threads;
      const unsigned v = at / per_vector % all;
      const std::uint32_t e = first + at / per_vector / all;
      from[a] = nullptr;
      if (at < pieces && e < count)
        from[a] = (v == 0 ? bottom + std::size_t{e} * shape.dim : vectors(shape, e * shape.tables + v - 1)) +
                  at % per_vector * width;
    }
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a) {
      values[a] = T{};
      if (from[a] != nullptr) values[a] = *reinterpret_cast<const T*>(from[a]);
    }
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a) {
      const unsigned at = n + a * interaction_threads;
      if (at < pieces) *reinterpret_cast<T*>(x + at / per_vector * stride + at % per_vector * width) = values[a];
    }
  }
}

__device__ inline void load_vectors(const DlrmShape& shape, const DlrmVectors& vectors, const float* bottom,
                                    std::uint32_t first, std::uint32_t count, unsigned block, float* x) {
  if (shape.dim % 4 == 0)
    load_vectors<float4>(shape, vectors, bottom, first, count, block, x);
  else
    load_vectors<float>(shape, vectors, bottom, first, count, block, x);
}

template <Precision precision>
__global__ void __launch_bounds__(interaction_threads)
    dot_forward(DlrmShape shape, DlrmVectors vectors, const float* bottom, Count examples, unsigned block,
                OperandPair q) {
  wait_for_launch_before();
  let_next_launch_start();
  const std::uint32_t count = examples();
  const std::uint32_t first = blockIdx.x * block;
  if (first >= whole_batch_steps(count)) return;
  const unsigned all = shape.tables + 1;
  const unsigned stride = vector_stride(shape.dim);
  const unsigned pairs = pairs_of(all);
  auto* const x = shared_memory<float>();
  float* const dots = x + block * all * stride;
  load_vectors(shape, vectors, bottom, first, count, block, x);
  __syncthreads();
  for (unsigned n = threadIdx.x; n < block * pairs; n += interaction_threads) {
    const VectorPair pair(n % pairs);
    const float* const own = x + n / pairs * all * stride;
    const float* const left = own + pair.i * stride;
    const float* const right = own + pair.j * stride;
    dots[n] = shape.dim % 4 == 0 ? dot_of<float4>(left, right, shape.dim) : dot_of<float>(left, right, shape.dim);
  }
  __syncthreads();
  for (unsigned k = threadIdx.x; k < shape.inputs; k += interaction_threads)
    q.put_column<precision, put_at_once>(first, block, k, [&](unsigned r) {
      return k < shape.dim ? x[r * all * stride + k] : dots[r * pairs + k - shape.dim];
    });
}

/// Part of the gradient of the bottom output: masked, as an operand, with the sums of the block's examples.
template <Precision precision, class Value>
__device__ void put_bottom(const DlrmGradients& to, std::uint32_t first, unsigned block, unsigned width,
                           const Value& value) {
  for (unsigned k = threadIdx.x; k < width; k += interaction_threads) {
    float sum = 0;
    to.bottom.put_column<precision, put_at_once>(first, block, k, [&](unsigned r) {
      const float d = value(r, k);
      sum += d;
      return d;
    });
    to.bottom_sums[std::size_t{blockIdx.x} * width + k] = sum;
  }
}

/// dx_i = sum over j of d(i, j) x_j, in the order of j; the bottom output's own part of q comes first. x [vectors,
/// vector_stride] and d [inputs] of each of the block's examples.
template <class T>
__device__ void add_up_pairs(const DlrmShape& shape, const float* x, const float* d, std::uint32_t first,
                             std::uint32_t count, unsigned block, float* d_bottom, float* bags) {
  constexpr unsigned width = sizeof(T) / sizeof(float);
  const unsigned all = shape.tables + 1;
  const unsigned stride = vector_stride(shape.dim);
  const unsigned per_vector = shape.dim / width;
  for (unsigned n = threadIdx.x; n < block * all * per_vector; n += interaction_threads) {
    const unsigned k = n % per_vector * width;
    const unsigned i = n / per_vector % all;
    const unsigned r = n / per_vector / all;
    const float* const own = d + r * shape.inputs;
    const float* const vectors = x + r * all * stride + k;
    T sum{};
    if (i == 0) sum = *reinterpret_cast<const T*>(own + k);
    const auto add = [&](unsigned j, unsigned pair) {
      const T other = *reinterpret_cast<const T*>(vectors + j * stride);
      const float factor = own[shape.dim + pair];
      for (unsigned c = 0; c < width; ++c)
        reinterpret_cast<float*>(&sum)[c] += factor * reinterpret_cast<const float*>(&other)[c];
    };
    for (unsigned j = 0; j < i; ++j) add(j, pairs_of(i) + j);
    for (unsigned j = i + 1; j < all; ++j) add(j, pairs_of(j) + i);
    if (i == 0) {
      for (unsigned c = 0; c < width; ++c)
        d_bottom[r * shape.dim + k + c] = vectors[c] > 0 ? reinterpret_cast<const float*>(&sum)[c] : 0.F;
    } else if (first + r < count) {
      *reinterpret_cast<T*>(bags + (std::size_t{first + r} * shape.tables + i - 1) * shape.dim + k) = sum;
    }
  }
}

template <Precision precision>
__global__ void __launch_bounds__(interaction_threads)
    dot_backward(DlrmShape shape, DlrmVectors vectors, const float* bottom, const float* d_q, Count examples,
                 unsigned block, DlrmGradients to) {
  wait_for_launch_before();
  let_next_launch_start();
  const std::uint32_t count = examples();
  const std::uint32_t first = blockIdx.x * block;
  if (first >= whole_batch_steps(count)) return;
  const unsigned all = shape.tables + 1;
  const unsigned stride = vector_stride(shape.dim);
  auto* const x = shared_memory<float>();
  float* const d = x + block * all * stride;
  float* const d_bottom = d + block * shape.inputs;
  load_vectors(shape, vectors, bottom, first, count, block, x);
#pragma unroll 4
  for (unsigned n = threadIdx.x; n < block * shape.inputs; n += interaction_threads) {
    const std::uint32_t e = first + n / shape.inputs;
    d[n] = e < count ? d_q[e * shape.gradient_stride() + n % shape.inputs] : 0.F;
  }
  __syncthreads();
  if (shape.dim % 4 == 0 && shape.inputs % 4 == 0)
    add_up_pairs<float4>(shape, x, d, first, count, block, d_bottom, to.bags);
  else
    add_up_pairs<float>(shape, x, d, first, count, block, d_bottom, to.bags);
  __syncthreads();
  put_bottom<precision>(to, first, block, shape.dim,
                        [&](unsigned r, unsigned k) { return d_bottom[r * shape.dim + k]; });
}

template <Precision precision>
__global__ void __launch_bounds__(interaction_threads)
    cat_forward(DlrmShape shape, DlrmVectors vectors, const float* bottom, Count examples, unsigned block,
                OperandPair q) {
  wait_for_launch_before();
  let_next_launch_start();
  const std::uint32_t count = examples();
  const std::uint32_t first = blockIdx.x * block;
  if (first >= whole_batch_steps(count)) return;
  for (unsigned k = threadIdx.x; k < shape.inputs; k += interaction_threads) {
    const unsigned behind = k - shape.bottom;  // not used before the rows start
    q.put_column<precision, put_at_once>(first, block, k, [&](unsigned r) {
      const std::uint32_t e = first + r;
      if (e >= count) return 0.F;
      return k < shape.bottom ? bottom[std::size_t{e} * shape.bottom + k]
                              : vectors(shape, e * shape.tables + behind / shape.dim)[behind % shape.dim];
    });
  }
}

template <Precision precision>
__global__ void __launch_bounds__(interaction_threads)
    cat_backward(DlrmShape shape, const float* bottom, const float* d_q, Count examples, unsigned block,
                 DlrmGradients to) {
  wait_for_launch_before();
  let_next_launch_start();
  const std::uint32_t count = examples();
  const std::uint32_t first = blockIdx.x * block;
  if (first >= whole_batch_steps(count)) return;
  put_bottom<precision>(to, first, block, shape.bottom, [&](unsigned r, unsigned k) {
    const std::uint32_t e = first + r;
    return e < count && bottom[std::size_t{e} * shape.bottom + k] > 0 ? d_q[e * shape.gradient_stride() + k] : 0.F;
  });
  const unsigned behind = shape.inputs - shape.bottom;
  for (unsigned n = threadIdx.x; n < block * behind; n += interaction_threads) {
    const std::uint32_t e = first + n / behind;
    if (e < count)
      to.bags[std::size_t{e} * behind + n % behind] = d_q[e * shape.gradient_stride() + shape.bottom + n % behind];
  }
}

std::size_t bytes_of(const DlrmShape& shape, unsigned block) {
  if (shape.interaction == FeatureInteraction::cat) return 0;
  const std::size_t vectors = std::size_t{shape.tables + 1} * vector_stride(shape.dim);
  return (vectors + shape.inputs + shape.dim) * sizeof(float) * block;
}

}  // namespace

std::size_t least_interaction_bytes(const DlrmShape& shape) { return bytes_of(shape, 1); }

unsigned interaction_block(const DlrmShape& shape) {
  constexpr std::size_t of_two = 100 * 1024;  // two blocks a multiprocessor, where that is large
  const std::size_t room = std::min(of_two, device_limits().shared_bytes_per_block);
  unsigned block = batch_block;
  while (block > 1 && bytes_of(shape, block) > room) block /= 2;
  return block;
}

void sum_bags(const DlrmShape& shape, const float* tables, const DlrmBags& bags, Count examples, float* sums,
              const Stream& stream) {
  const std::uint64_t values = std::uint64_t{examples.most} * shape.tables * shape.dim;
  if (shape.dim % 4 == 0)
    launch({"sum_bags", blocks_for(values / 4, sum_threads), sum_threads}, stream, add_rows<float4>, shape, tables,
           bags, examples, sums);
  else
    launch({"sum_bags", blocks_for(values, sum_threads), sum_threads}, stream, add_rows<float>, shape, tables, bags,
           examples, sums);
}

void interact(const DlrmShape& shape, Precision precision, const DlrmVectors& vectors, const float* bottom,
              Count examples, const OperandPair& q, const Stream& stream) {
  const unsigned block = interaction_block(shape);
  with_precision(precision, [&]<Precision p> {
    const LaunchShape launched{.name = "interact",
                               .grid = blocks_for(examples.most, block),
                               .block = interaction_threads,
                               .shared_bytes = bytes_of(shape, block),
                               .early = true};
    launch(launched, stream, shape.interaction == FeatureInteraction::dot ? dot_forward<p> : cat_forward<p>, shape,
           vectors, bottom, examples, block, q);
  });
}

void interact_backward(const DlrmShape& shape, Precision precision, const DlrmVectors& vectors, const float* bottom,
                       const float* d_q, Count examples, const DlrmGradients& to, const Stream& stream) {
  const unsigned block = interaction_block(shape);
  with_precision(precision, [&]<Precision p> {
    const LaunchShape launched{.name = "interact_backward",
                               .grid = blocks_for(examples.most, block),
                               .block = interaction_threads,
                               .shared_bytes = bytes_of(shape, block),
                               .early = true};
    if (shape.interaction == FeatureInteraction::dot)
      launch(launched, stream, dot_backward<p>, shape, vectors, bottom, d_q, examples, block, to);
    else
      launch(launched, stream, cat_backward<p>, shape, bottom, d_q, examples, block, to);
  });
}

}  // namespace frugal::cuda
