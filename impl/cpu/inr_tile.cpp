#include "impl/cpu/inr_tile.hpp"

#include <omp.h>

#include <algorithm>
#include <utility>

namespace frugal::cpu {

InrBuffer inr_zeros(std::int64_t size) {
  InrBuffer buffer(static_cast<std::size_t>(size));
  std::fill_n(buffer.data(), size, 0.F);
  return buffer;
}

InrOneThread::InrOneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
InrOneThread::~InrOneThread() { omp_set_num_threads(before_); }

InrOffsets::InrOffsets(const InrSpec& spec) {
  std::int64_t at = 0;
  for (int l = 0; l < spec.layers(); ++l) {
    weight.push_back(at);
    at += std::int64_t{spec.layer_in(l)} * spec.layer_out(l);
    bias.push_back(at);
    at += spec.layer_out(l);
  }
  count = at;
  stride = (at + 15) / 16 * 16;
}

InrProducts::InrProducts(std::int64_t rows, std::int64_t width)
    : forward({.m = rows, .n = width, .k = width}),
      input_gradient({.m = rows, .n = width, .k = width, .transpose_b = true}),
      weight_gradient({.m = width, .n = width, .k = rows, .transpose_a = true}),
      more_weight_gradient({.m = width, .n = width, .k = rows, .transpose_a = true, .accumulate = true}) {}

InrWorker::InrWorker(const InrSpec& spec, const InrOffsets& at, std::int64_t rows)
    : spec_(spec),
      at_(at),
      kernels_(inr_kernels()),
      kind_(spec.activation == Activation::sine ? InrActivation::sine : InrActivation::relu),
      omega0_(static_cast<float>(spec.omega0)),
      delta_(inr_zeros(rows * spec.channels)),
      gradient_(inr_zeros(rows * spec.width)),
      below_(inr_zeros(rows * spec.width)) {
  for (int l = 0; l <= spec.hidden_layers; ++l) {
    hidden_.push_back(inr_zeros(rows * spec.width));
    slope_.push_back(inr_zeros(rows * spec.width));
  }
}

void InrWorker::prepare(std::int64_t rows) {
  if (spec_.hidden_layers > 0) products_.try_emplace(rows, rows, spec_.width);
}

void InrWorker::forward(const float* parameters, const float* x, std::int64_t rows, float* y) {
  const std::int64_t width = spec_.width;
  kernels_.first_layer(kind_, x, parameters + at_.weight[0], parameters + at_.bias[0], omega0_, rows, width,
                       hidden_[0].data(), slope_[0].data());
  for (int l = 1; l <= spec_.hidden_layers; ++l) {
    products(rows).forward(hidden_[l - 1].data(), parameters + at_.weight[l], hidden_[l].data());
    kernels_.activate(kind_, hidden_[l].data(), parameters + at_.bias[l], omega0_, rows, width, slope_[l].data());
  }
  const int last = spec_.layers() - 1;
  kernels_.last_layer(hidden_.back().data(), parameters + at_.weight[last], parameters + at_.bias[last], rows, width,
                      spec_.channels, y);
}

double InrWorker::train_tile(const float* parameters, const float* x, const float* target, std::int64_t rows,
                             float scale, bool fresh, float* gradient) {
  if (fresh) clear_thin(gradient);
  forward(parameters, x, rows, delta_.data());
  const double squares = kernels_.loss(delta_.data(), target, scale, rows * spec_.channels);
  const std::int64_t width = spec_.width;
  const int last = spec_.layers() - 1;
  kernels_.last_layer_backward(delta_.data(), hidden_.back().data(), parameters + at_.weight[last], rows, width,
                               spec_.channels, gradient_.data(), gradient + at_.weight[last],
                               gradient + at_.bias[last]);
  for (int l = spec_.hidden_layers; l >= 1; --l) {
    kernels_.activation_backward(gradient_.data(), slope_[l].data(), rows, width, gradient + at_.bias[l]);
    InrProducts& product = products(rows);
    (fresh ? product.weight_gradient : product.more_weight_gradient)(hidden_[l - 1].data(), gradient_.data(),
                                                                     gradient + at_.weight[l]);
    product.input_gradient(gradient_.data(), parameters + at_.weight[l], below_.data());
    std::swap(gradient_, below_);
  }
  kernels_.first_layer_backward(gradient_.data(), slope_[0].data(), x, rows, width, gradient + at_.weight[0],
                                gradient + at_.bias[0]);
  return squares;
}

/// Zero wherever a tile only adds: all but the square weight gradients, which its first tile overwrites.
void InrWorker::clear_thin(float* gradient) const {
  for (int l = 0; l < spec_.layers(); ++l) {
    const std::int64_t first = l >= 1 && l <= spec_.hidden_layers ? at_.bias[l] : at_.weight[l];
    std::fill(gradient + first, gradient + at_.bias[l] + spec_.layer_out(l), 0.F);
  }
}

}  // namespace frugal::cpu
