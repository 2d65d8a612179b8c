#include "impl/cuda/kernels/cross_entropy.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/logit_layer.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned logit_threads = 256;

struct LogitParts {
  float* weight;  ///< [parts, weight_stride]
  std::size_t weight_stride;
  float* bias;  ///< [parts]
};

/// A thread has every logit_threads-th column, of all the block's examples at once; it keeps the first ones for the way
/// back.
template <Precision precision>
__global__ void __launch_bounds__(logit_threads)
    logit(OperandPair h, const float* weight, const float* bias, std::uint32_t width, const float* labels, Count rows,
          float* logits, float* losses, LogitParts parts, LogitLayer::Below below) {
  constexpr unsigned warps = logit_threads / 32;
  __shared__ float sums[warps][batch_block];
  __shared__ float slopes[batch_block];
  wait_for_launch_before();
  let_next_launch_start();
  const std::uint32_t count = rows();
  const std::uint32_t first = blockIdx.x * batch_block;
  if (first >= whole_batch_steps(count)) return;
  const auto load = [&](std::uint32_t k, float(&values)[batch_block]) {
#pragma unroll
    for (unsigned r = 0; r < batch_block; ++r)
      values[r] = first + r < count ? h.rows.get<precision>(first + r, k) : 0.F;
  };
  constexpr unsigned most_kept = 4;
  float kept[most_kept][batch_block] = {};
  float kept_weight[most_kept] = {};
#pragma unroll
  for (unsigned c = 0; c < most_kept; ++c) {
    const std::uint32_t k = threadIdx.x + c * logit_threads;
    if (k >= width) break;
    load(k, kept[c]);
    kept_weight[c] = weight[k];
  }
  float z[batch_block] = {};
#pragma unroll
  for (unsigned c = 0; c < most_kept; ++c)
#pragma unroll
    for (unsigned r = 0; r < batch_block; ++r) z[r] += kept[c][r] * kept_weight[c];
  for (std::uint32_t k = threadIdx.x + most_kept * logit_threads; k < width; k += logit_threads) {
    float values[batch_block];
    load(k, values);
    const float w = weight[k];
#pragma unroll
    for (unsigned r = 0; r < batch_block; ++r) z[r] += values[r] * w;
  }
#pragma unroll
  for (unsigned r = 0; r < batch_block; ++r) {
    const float sum = sum_over_warp(z[r]);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32][r] = sum;
  }
  __syncthreads();
  if (threadIdx.x < batch_block) {
    const unsigned r = threadIdx.x;
    const std::uint32_t e = first + r;
    float slope = 0;
    if (e < count) {
      float sum = 0;
      for (unsigned w = 0; w < warps; ++w) sum += sums[w][r];
      sum += *bias;
      logits[e] = sum;
      if (labels != nullptr) {
        losses[e] = cross_entropy(sum, labels[e]);
        slope = cross_entropy_slope(sum, labels[e]) / static_cast<float>(count);
      }
    }
    slopes[r] = slope;
  }
  if (labels == nullptr) return;
  __syncthreads();
  if (threadIdx.x == 0 && first < count) {
    float sum = 0;
    for (unsigned r = 0; r < batch_block; ++r) sum += slopes[r];
    parts.bias[blockIdx.x] = sum;
  }
  const auto go_back = [&](std::uint32_t k, float(&values)[batch_block], float w) {
    float gradient = 0;
    float sum = 0;
#pragma unroll
    for (unsigned r = 0; r < batch_block; ++r) {
      gradient += slopes[r] * values[r];
      values[r] = below.plain != nullptr || values[r] > 0 ? slopes[r] * w : 0.F;
      sum += values[r];
    }
    if (below.plain != nullptr) {
#pragma unroll
      for (unsigned r = 0; r < batch_block; ++r)
        if (first + r < count) below.plain[(first + r) * below.stride + k] = values[r];
    } else {
      below.delta.put_column<precision, batch_block>(first, batch_block, k, [&](unsigned r) { return values[r]; });
    }
    if (first >= count) return;
    parts.weight[blockIdx.x * parts.weight_stride + k] = gradient;
    if (below.plain == nullptr) below.sums[std::size_t{blockIdx.x} * width + k] = sum;
  };
#pragma unroll
  for (unsigned c = 0; c < most_kept; ++c)
    if (const std::uint32_t k = threadIdx.x + c * logit_threads; k < width) go_back(k, kept[c], kept_weight[c]);
  for (std::uint32_t k = threadIdx.x + most_kept * logit_threads; k < width; k += logit_threads) {
    float values[batch_block];
    load(k, values);
    go_back(k, values, weight[k]);
  }
}

}  // namespace

LogitLayer::LogitLayer(int width, DenseParameters& parameters, std::size_t layer, std::size_t most_rows,
                       Precision precision, const Stream& stream)
    : width_(static_cast<std::uint32_t>(width)),
      parameters_(parameters),
      layer_(layer),
      precision_(precision),
      logits_(most_rows, "logits"),
      losses_(most_rows, "losses of examples") {
  const std::uint32_t parts = blocks_for(most_rows, batch_block);
  const std::uint32_t stride = DenseParameters::stride({.in = width, .out = 1});
  weight_parts_ = DeviceBuffer<float>(std::size_t{parts} * stride, "gradients of the last layer");
  weight_parts_.zero(stream);  // what pads a row is updated too
  bias_parts_ = DeviceBuffer<float>(parts, "gradients of the last bias");
  parameters.set_gradient(layer, {weight_parts_.data(), stride, parts, batch_block},
                          {bias_parts_.data(), 1, parts, batch_block});
}

void LogitLayer::forward(const OperandPair& h, Count rows, const Stream& stream) { run(h, nullptr, rows, {}, stream); }

void LogitLayer::train(const OperandPair& h, const float* labels, Count rows, const Below& below,
                       const Stream& stream) {
  run(h, labels, rows, below, stream);
}

void LogitLayer::run(const OperandPair& h, const float* labels, Count rows, const Below& below, const Stream& stream) {
  const LogitParts parts{weight_parts_.data(), DenseParameters::stride({.in = static_cast<int>(width_), .out = 1}),
                         bias_parts_.data()};
  with_precision(precision_, [&]<Precision precision> {
    launch({.name = "logit", .grid = blocks_for(rows.most, batch_block), .block = logit_threads, .early = true}, stream,
           logit<precision>, h, parameters_.weight(layer_), parameters_.bias(layer_), width_, labels, rows,
           logits_.data(), losses_.data(), parts, below);
  });
}

}  // namespace frugal::cuda
