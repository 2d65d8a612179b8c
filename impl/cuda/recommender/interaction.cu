#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/interaction.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned most_threads = 128;

/// Rows in shared memory are an odd number of floats apart: threads on different rows use different banks.
__host__ __device__ constexpr unsigned odd(unsigned n) { return n | 1U; }

/// Value k of what table t gives the example.
__device__ inline float bag_value(const DlrmShape& shape, const DlrmRows& rows, std::uint32_t example, unsigned t,
                                  unsigned k) {
  const std::uint32_t bag = example * shape.tables + t;
  float sum = 0;
  for (std::uint32_t i = rows.bags.begin(bag); i < rows.bags.begin(bag + 1); ++i)
    sum += rows.tables[std::size_t{rows.bags.rows[i]} * shape.dim + k];
  return sum;
}

/// x [vectors, odd(dim)]; of dot.
__device__ inline void load_vectors(const DlrmShape& shape, const DlrmRows& rows, const float* bottom,
                                    std::uint32_t example, float* x) {
  for (unsigned i = threadIdx.x; i < (shape.tables + 1) * shape.dim; i += blockDim.x) {
    const unsigned v = i / shape.dim;
    const unsigned k = i % shape.dim;
    x[v * odd(shape.dim) + k] =
        v == 0 ? bottom[std::size_t{example} * shape.dim + k] : bag_value(shape, rows, example, v - 1, k);
  }
}

/// Where the dot product of vectors i > j lies behind the bottom output.
__device__ inline unsigned pair_at(unsigned i, unsigned j) { return i * (i - 1) / 2 + j; }

__global__ void __launch_bounds__(most_threads)
    dot_forward(DlrmShape shape, DlrmRows rows, const float* bottom, Count examples, float* q) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  auto* x = shared_memory<float>();
  load_vectors(shape, rows, bottom, e, x);
  __syncthreads();
  const unsigned stride = odd(shape.dim);
  float* const out = q + std::size_t{e} * shape.inputs;
  for (unsigned k = threadIdx.x; k < shape.dim; k += blockDim.x) out[k] = x[k];
  const unsigned vectors = shape.tables + 1;
  for (unsigned c = threadIdx.x; c < vectors * vectors; c += blockDim.x) {
    const unsigned i = c / vectors;
    const unsigned j = c % vectors;
    if (j >= i) continue;
    float sum = 0;
    for (unsigned k = 0; k < shape.dim; ++k) sum += x[i * stride + k] * x[j * stride + k];
    out[shape.dim + pair_at(i, j)] = sum;
  }
}

/// dx_i = sum over j of d(i, j) x_j, in the order of j; the bottom output's own part of q comes first.
__global__ void __launch_bounds__(most_threads)
    dot_backward(DlrmShape shape, DlrmRows rows, const float* bottom, const float* d_q, Count examples, float* d_bottom,
                 float* d_bags) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  auto* x = shared_memory<float>();
  const unsigned stride = odd(shape.dim);
  const unsigned vectors = shape.tables + 1;
  float* const d = x + vectors * stride;
  load_vectors(shape, rows, bottom, e, x);
  for (unsigned n = threadIdx.x; n < shape.inputs; n += blockDim.x) d[n] = d_q[e * shape.gradient_stride() + n];
  __syncthreads();
  for (unsigned n = threadIdx.x; n < vectors * shape.dim; n += blockDim.x) {
    const unsigned i = n / shape.dim;
    const unsigned k = n % shape.dim;
    float sum = i == 0 ? d[k] : 0.F;
    for (unsigned j = 0; j < vectors; ++j)
      if (j != i) sum += d[shape.dim + (i > j ? pair_at(i, j) : pair_at(j, i))] * x[j * stride + k];
    if (i == 0)
      d_bottom[std::size_t{e} * shape.dim + k] = sum;
    else
      d_bags[(std::size_t{e} * shape.tables + i - 1) * shape.dim + k] = sum;
  }
}

__global__ void __launch_bounds__(most_threads)
    cat_forward(DlrmShape shape, DlrmRows rows, const float* bottom, Count examples, float* q) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  for (unsigned n = threadIdx.x; n < shape.inputs; n += blockDim.x) {
    const unsigned behind = n - shape.bottom;  // not used before the rows start
    q[std::size_t{e} * shape.inputs + n] = n < shape.bottom
                                               ? bottom[std::size_t{e} * shape.bottom + n]
                                               : bag_value(shape, rows, e, behind / shape.dim, behind % shape.dim);
  }
}

__global__ void __launch_bounds__(most_threads)
    cat_backward(DlrmShape shape, const float* d_q, Count examples, float* d_bottom, float* d_bags) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  for (unsigned n = threadIdx.x; n < shape.inputs; n += blockDim.x) {
    const float d = d_q[e * shape.gradient_stride() + n];
    if (n < shape.bottom)
      d_bottom[std::size_t{e} * shape.bottom + n] = d;
    else
      d_bags[std::size_t{e} * shape.tables * shape.dim + n - shape.bottom] = d;
  }
}

/// Of the block of one example: whole warps, one value of q or of the vectors a thread.
unsigned interact_threads(const DlrmShape& shape) {
  const unsigned values = std::max(shape.inputs, (shape.tables + 1) * shape.dim);
  return std::min((values + 31) / 32 * 32, most_threads);
}

std::size_t vector_floats(const DlrmShape& shape) { return std::size_t{shape.tables + 1} * odd(shape.dim); }

}  // namespace

std::size_t interaction_shared_bytes(const DlrmShape& shape) {
  return shape.interaction == FeatureInteraction::dot ? (vector_floats(shape) + shape.inputs) * sizeof(float) : 0;
}

void interact(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, Count examples, float* q,
              const Stream& stream) {
  if (shape.interaction == FeatureInteraction::dot)
    launch({"dot_forward", examples.most, interact_threads(shape), vector_floats(shape) * sizeof(float)}, stream,
           dot_forward, shape, rows, bottom, examples, q);
  else
    launch({"cat_forward", examples.most, interact_threads(shape)}, stream, cat_forward, shape, rows, bottom, examples,
           q);
}

void interact_backward(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, const float* d_q,
                       Count examples, float* d_bottom, float* d_bags, const Stream& stream) {
  if (shape.interaction == FeatureInteraction::dot)
    launch({"dot_backward", examples.most, interact_threads(shape), interaction_shared_bytes(shape)}, stream,
           dot_backward, shape, rows, bottom, d_q, examples, d_bottom, d_bags);
  else
    launch({"cat_backward", examples.most, interact_threads(shape)}, stream, cat_backward, shape, d_q, examples,
           d_bottom, d_bags);
}

}  // namespace frugal::cuda
