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

template <Precision precision>
__global__ void __launch_bounds__(logit_threads)
    logit(OperandPair h, const float* weight, const float* bias, std::uint32_t width, const float* labels, Count rows,
          float* logits, float* losses, LogitParts parts, LogitLayer::Below below) {
  __shared__ float slopes[batch_block];
  const std::uint32_t count = rows();
  const std::uint32_t first = blockIdx.x * batch_block;
  if (first >= whole_batch_steps(count)) return;
  const unsigned lane = threadIdx.x % 32;
  for (unsigned r = threadIdx.x / 32; r < batch_block; r += logit_threads / 32) {
    const std::uint32_t e = first + r;
    float z = 0;
    if (e < count)
      for (std::uint32_t k = lane; k < width; k += 32) z += h.rows.get<precision>(e, k) * weight[k];
    z = sum_over_warp(z);
    if (lane != 0) continue;
    slopes[r] = 0;
    if (e >= count) continue;
    z += *bias;
    logits[e] = z;
    if (labels == nullptr) continue;
    losses[e] = cross_entropy(z, labels[e]);
    slopes[r] = cross_entropy_slope(z, labels[e]) / static_cast<float>(count);
  }
  if (labels == nullptr) return;
  __syncthreads();
  if (threadIdx.x == 0 && first < count) {
    float sum = 0;
    for (unsigned r = 0; r < batch_block; ++r) sum += slopes[r];
    parts.bias[blockIdx.x] = sum;
  }
  for (std::uint32_t k = threadIdx.x; k < width; k += logit_threads) {
    const float w = weight[k];
    float gradient = 0;
    float sum = 0;
#pragma unroll
    for (unsigned r = 0; r < batch_block; ++r) {
      const std::uint32_t e = first + r;
      const float value = e < count ? h.rows.get<precision>(e, k) : 0.F;
      gradient += slopes[r] * value;
      if (below.plain != nullptr) {
        if (e < count) below.plain[e * below.stride + k] = slopes[r] * w;
      } else {
        const float d = value > 0 ? slopes[r] * w : 0.F;
        below.delta.put<precision>(e, k, d);
        sum += d;
      }
    }
    if (first >= count) continue;
    parts.weight[blockIdx.x * parts.weight_stride + k] = gradient;
    if (below.plain == nullptr) below.sums[std::size_t{blockIdx.x} * width + k] = sum;
  }
}

}  // namespace

LogitLayer::LogitLayer(int width, DenseParameters& parameters, std::size_t layer, std::size_t most_rows,
                       Precision precision)
    : width_(static_cast<std::uint32_t>(width)),
      parameters_(parameters),
      layer_(layer),
      precision_(precision),
      logits_(most_rows, "logits"),
      losses_(most_rows, "losses of examples") {
  const std::uint32_t parts = blocks_for(most_rows, batch_block);
  const std::uint32_t stride = DenseParameters::stride({.in = width, .out = 1});
  weight_parts_ = DeviceBuffer<float>(std::size_t{parts} * stride, "gradients of the last layer");
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
    launch({"logit", blocks_for(rows.most, batch_block), logit_threads}, stream, logit<precision>, h,
           parameters_.weight(layer_), parameters_.bias(layer_), width_, labels, rows, logits_.data(), losses_.data(),
           parts, below);
  });
}

}  // namespace frugal::cuda
