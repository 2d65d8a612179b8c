#include "impl/common/recommender_shapes.hpp"
#include "impl/cuda/cross_entropy.hpp"
#include "impl/cuda/interaction.hpp"
#include "impl/cuda/warp.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned interact_threads = 128;

/// Rows in shared memory are an odd number of floats apart: threads on different rows use different banks.
__host__ __device__ constexpr unsigned odd(unsigned n) { return n | 1U; }

__global__ void number(DlrmShape shape, DlrmRows rows, Count examples, std::uint32_t bound, std::uint32_t* numbers) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= examples.most * shape.tables) return;
  numbers[i] = i < examples() * shape.tables ? rows.offsets[i % shape.tables] + rows.ids[i] : bound;
}

__device__ inline const float* row_of(const DlrmShape& shape, const DlrmRows& rows, std::uint32_t example, unsigned t) {
  const std::size_t row = std::size_t{rows.offsets[t]} + rows.ids[std::size_t{example} * shape.tables + t];
  return rows.tables + row * shape.dim;
}

/// x [vectors, odd(dim)]; of dot.
__device__ inline void load_vectors(const DlrmShape& shape, const DlrmRows& rows, const float* bottom,
                                    std::uint32_t example, float* x) {
  for (unsigned i = threadIdx.x; i < (shape.tables + 1) * shape.dim; i += blockDim.x) {
    const unsigned v = i / shape.dim;
    const unsigned k = i % shape.dim;
    x[v * odd(shape.dim) + k] =
        v == 0 ? bottom[std::size_t{example} * shape.dim + k] : row_of(shape, rows, example, v - 1)[k];
  }
}

/// Where the dot product of vectors i > j lies behind the bottom output.
__device__ inline unsigned pair_at(unsigned i, unsigned j) { return i * (i - 1) / 2 + j; }

__global__ void __launch_bounds__(interact_threads)
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
__global__ void __launch_bounds__(interact_threads)
    dot_backward(DlrmShape shape, DlrmRows rows, const float* bottom, const float* d_q, Count examples, float* d_bottom,
                 float* d_rows) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  auto* x = shared_memory<float>();
  const unsigned stride = odd(shape.dim);
  const unsigned vectors = shape.tables + 1;
  float* const d = x + vectors * stride;
  load_vectors(shape, rows, bottom, e, x);
  for (unsigned n = threadIdx.x; n < shape.inputs; n += blockDim.x) d[n] = d_q[std::size_t{e} * shape.inputs + n];
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
      d_rows[(std::size_t{e} * shape.tables + i - 1) * shape.dim + k] = sum;
  }
}

__global__ void __launch_bounds__(interact_threads)
    cat_forward(DlrmShape shape, DlrmRows rows, const float* bottom, Count examples, float* q) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  for (unsigned n = threadIdx.x; n < shape.inputs; n += blockDim.x) {
    const unsigned behind = n - shape.bottom;  // not used before the rows start
    q[std::size_t{e} * shape.inputs + n] = n < shape.bottom
                                               ? bottom[std::size_t{e} * shape.bottom + n]
                                               : row_of(shape, rows, e, behind / shape.dim)[behind % shape.dim];
  }
}

__global__ void __launch_bounds__(interact_threads)
    cat_backward(DlrmShape shape, const float* d_q, Count examples, float* d_bottom, float* d_rows) {
  const std::uint32_t e = blockIdx.x;
  if (e >= examples()) return;
  for (unsigned n = threadIdx.x; n < shape.inputs; n += blockDim.x) {
    const float d = d_q[std::size_t{e} * shape.inputs + n];
    if (n < shape.bottom)
      d_bottom[std::size_t{e} * shape.bottom + n] = d;
    else
      d_rows[std::size_t{e} * shape.tables * shape.dim + n - shape.bottom] = d;
  }
}

__global__ void score(const DlrmStep* step, const float* logits, const float* labels, float* losses, float* slopes) {
  const std::uint32_t e = blockIdx.x * blockDim.x + threadIdx.x;
  if (e >= step->examples) return;
  const float z = logits[e];
  losses[e] = cross_entropy(z, labels[e]);
  slopes[e] = cross_entropy_slope(z, labels[e]) / static_cast<float>(step->examples);
}

__global__ void __launch_bounds__(mean_threads) mean_of_step(const DlrmStep* step, const float* values, double* mean) {
  const double sum = sum_over_block(values, step->examples);
  if (threadIdx.x == 0) *mean = sum / static_cast<double>(step->examples);
}

std::size_t vector_floats(const DlrmShape& shape) { return std::size_t{shape.tables + 1} * odd(shape.dim); }

}  // namespace

DlrmShape::DlrmShape(const DlrmSpec& spec)
    : interaction(spec.interaction),
      tables(static_cast<unsigned>(spec.table_rows.size())),
      dim(static_cast<unsigned>(spec.embedding_dim)),
      bottom(static_cast<unsigned>(spec.bottom.back())),
      inputs(static_cast<unsigned>(dlrm_top_input(spec))) {}

std::size_t DlrmShape::shared_bytes() const {
  return interaction == FeatureInteraction::dot ? (vector_floats(*this) + inputs) * sizeof(float) : 0;
}

void number_rows(const DlrmShape& shape, const DlrmRows& rows, Count examples, std::uint32_t bound,
                 std::uint32_t* numbers, const Stream& stream) {
  launch({"number_rows", blocks_for(std::uint64_t{examples.most} * shape.tables, 256), 256}, stream, number, shape,
         rows, examples, bound, numbers);
}

void interact(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, Count examples, float* q,
              const Stream& stream) {
  if (shape.interaction == FeatureInteraction::dot)
    launch({"dot_forward", examples.most, interact_threads, vector_floats(shape) * sizeof(float)}, stream, dot_forward,
           shape, rows, bottom, examples, q);
  else
    launch({"cat_forward", examples.most, interact_threads}, stream, cat_forward, shape, rows, bottom, examples, q);
}

void interact_backward(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, const float* d_q,
                       Count examples, float* d_bottom, float* d_rows, const Stream& stream) {
  if (shape.interaction == FeatureInteraction::dot)
    launch({"dot_backward", examples.most, interact_threads, shape.shared_bytes()}, stream, dot_backward, shape, rows,
           bottom, d_q, examples, d_bottom, d_rows);
  else
    launch({"cat_backward", examples.most, interact_threads}, stream, cat_backward, shape, d_q, examples, d_bottom,
           d_rows);
}

void score_clicks(const DlrmStep* step, std::uint32_t most_examples, const float* logits, const float* labels,
                  float* losses, float* slopes, const Stream& stream) {
  launch({"score_clicks", blocks_for(most_examples, 256), 256}, stream, score, step, logits, labels, losses, slopes);
}

void mean_loss(const DlrmStep* step, const float* losses, double* mean, const Stream& stream) {
  launch({"mean_loss", 1, mean_threads}, stream, mean_of_step, step, losses, mean);
}

}  // namespace frugal::cuda
