#include "impl/cpu/recommender/parameter.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <span>

namespace frugal::cpu {
namespace {

constexpr std::size_t line = 64 / sizeof(float);  // of the cache

/// By all threads: the moments of large tables are gigabytes.
AlignedBuffer<float> zero_state(std::size_t size) {
  AlignedBuffer<float> buffer(size);
  constexpr std::size_t piece = 1 << 16;
#pragma omp parallel for schedule(static)
  for (std::size_t at = 0; at < size; at += piece) std::fill_n(buffer.data() + at, std::min(piece, size - at), 0.F);
  return buffer;
}

/// Where the state of an element lies; null when the rule has none.
float* state_at(AlignedBuffer<float>& state, std::size_t offset) {
  return state.size() > 0 ? state.data() + offset : nullptr;
}

/// Element-wise rules; row-wise adagrad is adagrad for everything but tables.
void update_elements(const UpdateStep& step, const float* g, float* w, float* first, float* second, std::size_t n) {
  const RecommenderKernels& kernels = recommender_kernels();
  const long count = static_cast<long>(n);
  switch (step.kind) {
    case OptimizerKind::sgd:
      return kernels.sgd(step, g, w, count);
    case OptimizerKind::adagrad:
    case OptimizerKind::rowwise_adagrad:
      return kernels.adagrad(step, g, w, first, count);
    case OptimizerKind::adam:
      return kernels.adam(step, g, w, first, second, count);
  }
}

}  // namespace

EmbeddingTable::EmbeddingTable(std::uint32_t rows, int dim,
                               const std::function<void(std::uint32_t, std::span<float>)>& draw, const UpdateRule& rule,
                               bool trainable)
    : rows_(rows),
      dim_(static_cast<std::size_t>(dim)),
      kind_(rule.kind),
      trainable_(trainable),
      values_(std::size_t{rows} * dim_) {
#pragma omp parallel for schedule(static)
  for (std::uint32_t id = 0; id < rows; ++id) draw(id, {values_.data() + std::size_t{id} * dim_, dim_});
  if (!trainable || kind_ == OptimizerKind::sgd) return;
  first_ = zero_state(kind_ == OptimizerKind::rowwise_adagrad ? rows : values_.size());
  if (kind_ == OptimizerKind::adam) second_ = zero_state(values_.size());
}

void prefetch_row(const float* row, std::size_t dim) {
  for (std::size_t k = 0; k < dim; k += line) __builtin_prefetch(row + k);
}

void EmbeddingTable::prefetch_row(std::uint32_t id) const {
  const std::size_t at = std::size_t{id} * dim_;
  for (std::size_t k = 0; k < dim_; k += line) {
    __builtin_prefetch(values_.data() + at + k, 1);
    if (first_.size() == values_.size()) __builtin_prefetch(first_.data() + at + k, 1);
    if (second_.size() > 0) __builtin_prefetch(second_.data() + at + k, 1);
  }
  if (kind_ == OptimizerKind::rowwise_adagrad) __builtin_prefetch(first_.data() + id, 1);
}

void EmbeddingTable::update_row(const UpdateStep& step, std::uint32_t id, const float* g) {
  assert(trainable_);
  const std::size_t at = std::size_t{id} * dim_;
  if (kind_ == OptimizerKind::rowwise_adagrad)
    recommender_kernels().rowwise_adagrad(step, g, values_.data() + at, first_.data() + id, static_cast<long>(dim_));
  else
    update_elements(step, g, values_.data() + at, state_at(first_, at), state_at(second_, at), dim_);
}

void EmbeddingTable::add_value(TensorViews<float>& views, const std::string& name) {
  views.add(name, {rows_, static_cast<std::int64_t>(dim_)}, values_.data());
}

void EmbeddingTable::add_state(TensorViews<float>& views, const std::string& name) {
  if (!trainable_ || kind_ == OptimizerKind::sgd) return;
  const std::vector<std::int64_t> shape{rows_, static_cast<std::int64_t>(dim_)};
  if (kind_ == OptimizerKind::adam) {
    views.add("adam.m/" + name, shape, first_.data());
    views.add("adam.v/" + name, shape, second_.data());
  } else {
    views.add("adagrad/" + name, kind_ == OptimizerKind::adagrad ? shape : std::vector{rows_}, first_.data());
  }
}

DenseParameters::DenseParameters(const DenseStack& stack, const UpdateRule& rule)
    : stack_(stack), kind_(rule.kind), values_(zero_state(stack.parameters())) {
  if (stack.has_own_operands()) operands_ = zero_state(stack.operands());
  if (kind_ != OptimizerKind::sgd) first_ = zero_state(stack.parameters());
  if (kind_ == OptimizerKind::adam) second_ = zero_state(stack.parameters());
}

void DenseParameters::set_layer(std::size_t layer, const std::vector<float>& weight, const std::vector<float>& bias) {
  std::copy(weight.begin(), weight.end(), values_.data() + stack_.weight(layer));
  std::copy(bias.begin(), bias.end(), values_.data() + stack_.bias(layer));
}

void DenseParameters::refresh_operands() {
  if (!stack_.has_own_operands()) return;
  for (std::size_t l = 0; l < stack_.layers(); ++l) {
    const DenseShape shape = stack_.shape(l);
    const float* from = values_.data() + stack_.weight(l);
    float* to = operands_.data() + stack_.operand(l);
    const std::int64_t stride = stack_.operand_stride(l);
#pragma omp parallel for
    for (int o = 0; o < shape.out; ++o) std::copy_n(from + std::int64_t{o} * shape.in, shape.in, to + o * stride);
  }
}

void DenseParameters::update_piece(const UpdateStep& step, std::size_t index, const GradientSlots& gradient) {
  const std::size_t at = index * piece;
  const std::size_t n = std::min(piece, values_.size() - at);
  alignas(64) std::array<float, piece> sum;
  gradient.reduce(at, std::span(sum).first(n));
  update_elements(step, sum.data(), values_.data() + at, state_at(first_, at), state_at(second_, at), n);
}

void DenseParameters::add_values(TensorViews<float>& views, const std::string& name) {
  stack_.add_views(views, name, values_.data());
}

void DenseParameters::add_states(TensorViews<float>& views, const std::string& name) {
  if (kind_ == OptimizerKind::sgd) return;
  if (kind_ == OptimizerKind::adam) {
    stack_.add_views(views, "adam.m/" + name, first_.data());
    stack_.add_views(views, "adam.v/" + name, second_.data());
  } else {
    stack_.add_views(views, "adagrad/" + name, first_.data());
  }
}

}  // namespace frugal::cpu
