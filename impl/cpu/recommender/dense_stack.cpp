#include "impl/cpu/recommender/dense_stack.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "impl/cpu/kernels/recommender_kernels.hpp"

namespace frugal::cpu {
namespace {

/// More slots let more threads work; each costs a pass over all parameters, which wide layers can afford less.
constexpr std::size_t slots_of_narrow_model = 32;
constexpr std::size_t slots_of_wide_model = 16;
constexpr std::size_t wide_model = 65536;  // parameters

constexpr int aliasing_floats = 512;  // rows of a multiple of this are set apart ...
constexpr int between_rows = 16;      // ... by this

int set_apart(int row) { return row % aliasing_floats == 0 ? row + between_rows : row; }

std::size_t weight_size(DenseShape shape) {
  return static_cast<std::size_t>(shape.in) * static_cast<std::size_t>(shape.out);
}

}  // namespace

DenseStack::DenseStack(std::vector<DenseShape> shapes, bool relu_last)
    : shapes_(std::move(shapes)), relu_last_(relu_last), offsets_{0} {
  for (const DenseShape s : shapes_) offsets_.push_back(offsets_.back() + weight_size(s) + s.out);
  own_operands_ = std::any_of(shapes_.begin(), shapes_.end(), [](DenseShape s) { return s.in % aliasing_floats == 0; });
  if (!own_operands_) {
    operand_offsets_ = offsets_;
    return;
  }
  operand_offsets_ = {0};
  for (std::size_t l = 0; l < shapes_.size(); ++l)
    operand_offsets_.push_back(operand_offsets_.back() + static_cast<std::size_t>(shapes_[l].out * operand_stride(l)));
}

std::int64_t DenseStack::operand_stride(std::size_t layer) const { return set_apart(shapes_[layer].in); }

std::int64_t DenseStack::output_stride(std::size_t layer) const {
  const int out = shapes_[layer].out;
  return layer + 1 < layers() ? set_apart(out) : out;
}

std::size_t DenseStack::bias(std::size_t layer) const { return offsets_[layer] + weight_size(shapes_[layer]); }

std::size_t DenseStack::outputs_before(std::size_t layer) const {
  std::size_t sum = 0;
  for (std::size_t l = 0; l < layer; ++l) sum += static_cast<std::size_t>(output_stride(l));
  return sum;
}

int DenseStack::widest() const {
  int width = 0;
  for (const DenseShape s : shapes_) width = std::max({width, s.in, set_apart(s.out)});
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
    const std::int64_t output = stack.output_stride(l);
    const std::int64_t input = l > 0 ? stack.output_stride(l - 1) : in;
    const std::int64_t weight = stack.operand_stride(l);
    const MatmulShape gradient{
        .m = out, .n = in, .k = rows, .transpose_a = true, .stride_a = output, .stride_b = input};
    MatmulShape added = gradient;
    added.accumulate = true;
    products_.push_back(
        {Matmul({.m = rows,
                 .n = out,
                 .k = in,
                 .transpose_b = true,
                 .bias = true,
                 .relu = stack.relu(l),
                 .stride_a = input,
                 .stride_b = weight,
                 .stride_c = output}),
         Matmul(gradient), Matmul(added),
         Matmul({.m = rows, .n = in, .k = out, .stride_a = output, .stride_b = weight, .stride_c = input})});
  }
  for (AlignedBuffer<float>& buffer : delta_) buffer = AlignedBuffer<float>(rows_ * stack.widest());
}

void DenseWorker::forward(const DenseView& model, const float* x, float* outputs, float* last) {
  for (std::size_t l = 0; l < products_.size(); ++l) {
    if (last && l + 1 == products_.size()) outputs = last;
    products_[l].forward(x, model.operands + stack_.operand(l), outputs, model.parameters + stack_.bias(l));
    x = outputs;
    outputs += rows_ * static_cast<std::size_t>(stack_.output_stride(l));
  }
}

void DenseWorker::backward(const DenseView& model, const float* x, const float* outputs, float* d_output,
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
      kernels.relu_backward(output, delta, static_cast<long>(rows_), out, stack_.output_stride(l), bias_gradient);
    else
      kernels.column_sums(delta, static_cast<long>(rows_), out, stack_.output_stride(l), bias_gradient);
    Matmul& weight_gradient = first ? products_[l].weight_gradient : products_[l].weight_gradient_added;
    weight_gradient(delta, input, gradient + stack_.weight(l));
    float* below = l == 0 ? dx : delta_[l % 2].data();
    if (below) products_[l].input_gradient(delta, model.operands + stack_.operand(l), below);
    delta = below;
  }
}

bool is_wide_model(std::size_t parameters) { return parameters >= wide_model; }

std::size_t GradientSlots::suited_to(std::size_t parameters) {
  return is_wide_model(parameters) ? slots_of_wide_model : slots_of_narrow_model;
}

GradientSlots::GradientSlots(std::size_t parameters, std::size_t slots)
    : stride_((parameters + 15) / 16 * 16), slots_(slots), gradients_(stride_ * slots_) {}

void GradientSlots::deal(std::size_t blocks) {
  blocks_ = blocks;
  per_slot_ = std::max<std::size_t>(1, (blocks + slots_ - 1) / slots_);
  used_ = (blocks + per_slot_ - 1) / per_slot_;
}

std::size_t GradientSlots::end(std::size_t slot) const { return std::min(blocks_, (slot + 1) * per_slot_); }

void GradientSlots::gather_sums(Communicator& ranks) {
  const auto size = static_cast<std::size_t>(ranks.size());
  std::vector<float> sum(stride_);
  if (used_ > 0) reduce(0, sum);  // else none of the step's examples are this rank's
  if (gradients_.size() < size * stride_) gradients_ = AlignedBuffer<float>(size * stride_);
  std::ranges::copy(sum, gradient(static_cast<std::size_t>(ranks.rank())));
  std::vector<std::size_t> begins(size + 1);
  std::iota(begins.begin(), begins.end(), std::size_t{0});
  gather(ranks, begins);
  used_ = size;
}

void GradientSlots::reduce(std::size_t first, std::span<float> sum) const {
  const RecommenderKernels& kernels = recommender_kernels();
  const float* gradient = gradients_.data() + first;
  std::copy_n(gradient, sum.size(), sum.begin());
  for (std::size_t slot = 1; slot < used_; ++slot)
    kernels.add(sum.data(), gradient + slot * stride_, static_cast<long>(sum.size()));
}

}  // namespace frugal::cpu
