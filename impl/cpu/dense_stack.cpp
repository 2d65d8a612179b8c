#include "impl/cpu/dense_stack.hpp"

#include <algorithm>
#include <utility>

#include "impl/cpu/kernels/recommender_kernels.hpp"

namespace frugal::cpu {
namespace {

/// More slots let more threads work; each costs a pass over all parameters, which wide layers can afford less.
constexpr std::size_t slots_of_narrow_model = 32;
constexpr std::size_t slots_of_wide_model = 16;
constexpr std::size_t wide_model = 65536;  // parameters

std::size_t weight_size(DenseShape shape) {
  return static_cast<std::size_t>(shape.in) * static_cast<std::size_t>(shape.out);
}

}  // namespace

DenseStack::DenseStack(std::vector<DenseShape> shapes, bool relu_last)
    : shapes_(std::move(shapes)), relu_last_(relu_last), offsets_{0} {
  for (const DenseShape s : shapes_) offsets_.push_back(offsets_.back() + weight_size(s) + s.out);
}

std::size_t DenseStack::bias(std::size_t layer) const { return offsets_[layer] + weight_size(shapes_[layer]); }

std::size_t DenseStack::outputs_before(std::size_t layer) const {
  std::size_t sum = 0;
  for (std::size_t l = 0; l < layer; ++l) sum += shapes_[l].out;
  return sum;
}

int DenseStack::widest() const {
  int width = 0;
  for (const DenseShape s : shapes_) width = std::max({width, s.in, s.out});
  return width;
}

void DenseStack::add_views(TensorViews<float>& views, const std::string& prefix_and_name, float* array) const {
  for (std::size_t l = 0; l < layers(); ++l) {
    const std::string name = prefix_and_name + "." + std::to_string(l);
    views.add(name + ".weight", {shapes_[l].out, shapes_[l].in}, array + weight(l));
    views.add(name + ".bias", {shapes_[l].out}, array + bias(l));
  }
}

DenseWorker::DenseWorker(const DenseStack& stack, int rows) : stack_(stack), rows_(rows) {
  for (std::size_t l = 0; l < stack.layers(); ++l) {
    const auto [in, out] = stack.shape(l);
    const MatmulShape gradient{.m = out, .n = in, .k = rows, .transpose_a = true};
    MatmulShape added = gradient;
    added.accumulate = true;
    products_.push_back(
        {Matmul({.m = rows, .n = out, .k = in, .transpose_b = true, .bias = true, .relu = stack.relu(l)}),
         Matmul(gradient), Matmul(added), Matmul({.m = rows, .n = in, .k = out})});
  }
  for (AlignedBuffer<float>& buffer : delta_) buffer = AlignedBuffer<float>(rows_ * stack.widest());
}

void DenseWorker::forward(const float* parameters, const float* x, float* outputs, float* last) {
  for (std::size_t l = 0; l < products_.size(); ++l) {
    if (last && l + 1 == products_.size()) outputs = last;
    products_[l].forward(x, parameters + stack_.weight(l), outputs, parameters + stack_.bias(l));
    x = outputs;
    outputs += rows_ * stack_.shape(l).out;
  }
}

void DenseWorker::backward(const float* parameters, const float* x, const float* outputs, float* d_output,
                           float* gradient, bool first, float* dx) {
  const RecommenderKernels& kernels = recommender_kernels();
  float* delta = d_output;
  for (std::size_t l = products_.size(); l-- > 0;) {
    const float* output = outputs + rows_ * stack_.outputs_before(l);
    const float* input = l == 0 ? x : outputs + rows_ * stack_.outputs_before(l - 1);
    const int out = stack_.shape(l).out;
    float* bias_gradient = gradient + stack_.bias(l);
    if (first) std::fill_n(bias_gradient, out, 0.F);
    if (stack_.relu(l))
      kernels.relu_backward(output, delta, static_cast<long>(rows_), out, bias_gradient);
    else
      kernels.column_sums(delta, static_cast<long>(rows_), out, bias_gradient);
    Matmul& weight_gradient = first ? products_[l].weight_gradient : products_[l].weight_gradient_added;
    weight_gradient(delta, input, gradient + stack_.weight(l));
    float* below = l == 0 ? dx : delta_[l % 2].data();
    if (below) products_[l].input_gradient(delta, parameters + stack_.weight(l), below);
    delta = below;
  }
}

std::size_t GradientSlots::suited_to(std::size_t parameters) {
  return parameters < wide_model ? slots_of_narrow_model : slots_of_wide_model;
}

GradientSlots::GradientSlots(std::size_t parameters, std::size_t slots)
    : stride_((parameters + 15) / 16 * 16), slots_(slots), gradients_(stride_ * slots_) {}

void GradientSlots::deal(std::size_t blocks) {
  blocks_ = blocks;
  per_slot_ = std::max<std::size_t>(1, (blocks + slots_ - 1) / slots_);
  used_ = (blocks + per_slot_ - 1) / per_slot_;
}

std::size_t GradientSlots::end(std::size_t slot) const { return std::min(blocks_, (slot + 1) * per_slot_); }

void GradientSlots::reduce(std::size_t first, std::span<float> sum) const {
  const RecommenderKernels& kernels = recommender_kernels();
  const float* gradient = gradients_.data() + first;
  std::copy_n(gradient, sum.size(), sum.begin());
  for (std::size_t slot = 1; slot < used_; ++slot)
    kernels.add(sum.data(), gradient + slot * stride_, static_cast<long>(sum.size()));
}

}  // namespace frugal::cpu
