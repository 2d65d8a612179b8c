#include <algorithm>
#include <utility>

#include "impl/cuda/kernels/product.hpp"
#include "impl/cuda/recommender/dense_stack.hpp"

namespace frugal::cuda {
namespace {

/// out[i, j] = relu(c + bias[j])
struct BiasRelu {
  float* out;
  const float* bias;
  std::size_t stride;
  bool relu;
  __device__ void operator()(unsigned, std::uint32_t i, std::uint32_t j, float c) const {
    const float z = c + bias[j];
    out[i * stride + j] = relu && z < 0 ? 0.F : z;
  }
};

/// out[i, j] = c where kept[i, j] > 0, else 0; c everywhere when kept is null.
struct KeptBy {
  float* out;
  const float* kept;
  std::size_t stride;
  __device__ void operator()(unsigned, std::uint32_t i, std::uint32_t j, float c) const {
    const std::size_t at = i * stride + j;
    out[at] = kept == nullptr || kept[at] > 0 ? c : 0.F;
  }
};

__global__ void mask_rows(const float* kept, Count rows, std::uint32_t width, float* d) {
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < std::size_t{rows()} * width && !(kept[i] > 0)) d[i] = 0;
}

__global__ void update_parameters(const UpdateStep* step, const float* slices, unsigned count, std::uint32_t size,
                                  float* values, float* first, float* second) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= size) return;
  float gradient = 0;
  for (unsigned s = 0; s < count; ++s) gradient += slices[std::size_t{s} * size + i];
  update_value(*step, gradient, i, values, first, second);
}

std::vector<std::size_t> parameter_offsets(const std::vector<DenseShape>& shapes) {
  std::vector<std::size_t> offsets{0};
  for (const DenseShape shape : shapes)
    offsets.push_back(offsets.back() + static_cast<std::size_t>(shape.out) * (static_cast<std::size_t>(shape.in) + 1));
  return offsets;
}

/// Enough slices for the blocks of a layer's gradient to cover a device, of 64 rows or more.
unsigned slices_for(const std::vector<DenseShape>& shapes, std::size_t most_rows) {
  constexpr unsigned blocks_wanted = 256;
  unsigned tiles = 1;
  for (const DenseShape shape : shapes)
    tiles = std::max(tiles, blocks_for(static_cast<unsigned>(shape.out), product_tile) *
                                blocks_for(static_cast<unsigned>(shape.in), product_tile));
  return std::clamp(blocks_wanted / tiles, 1U,
                    std::max(1U, static_cast<unsigned>(std::min<std::size_t>(most_rows / product_tile, 64))));
}

DeviceBuffer<float> zeros(std::size_t size, const char* what, const Stream& stream) {
  DeviceBuffer<float> buffer(size, what);
  buffer.zero(stream);
  return buffer;
}

}  // namespace

DenseStack::DenseStack(std::vector<DenseShape> shapes, bool relu_last, const std::vector<float>& parameters,
                       const UpdateRule& rule, std::size_t most_rows, const Stream& stream)
    : shapes_(std::move(shapes)),
      relu_last_(relu_last),
      kind_(rule.kind),
      offsets_(parameter_offsets(shapes_)),
      slices_(slices_for(shapes_, most_rows)),
      values_(parameters, "dense parameters", stream),
      gradients_(slices_ * offsets_.back(), "gradients of dense parameters") {
  assert(parameters.size() == offsets_.back());
  if (kind_ != OptimizerKind::sgd) first_ = zeros(offsets_.back(), "optimiser state of dense parameters", stream);
  if (kind_ == OptimizerKind::adam) second_ = zeros(offsets_.back(), "optimiser state of dense parameters", stream);
  for (std::size_t l = 0; l + 1 < layers(); ++l)
    deltas_.emplace_back(most_rows * static_cast<std::size_t>(shapes_[l].out), "gradients of dense outputs");
}

std::size_t DenseStack::bias(std::size_t layer) const {
  return offsets_[layer] + static_cast<std::size_t>(shapes_[layer].in) * static_cast<std::size_t>(shapes_[layer].out);
}

DenseStack::Outputs DenseStack::make_outputs(std::size_t rows) const {
  Outputs outputs;
  for (const DenseShape shape : shapes_)
    outputs.emplace_back(rows * static_cast<std::size_t>(shape.out), "outputs of dense layers");
  return outputs;
}

void DenseStack::forward(const Rows& input, Count rows, Outputs& outputs, const Stream& stream, float* last) const {
  for (std::size_t l = 0; l < layers(); ++l) {
    const auto in = static_cast<unsigned>(shapes_[l].in);
    const auto out = static_cast<unsigned>(shapes_[l].out);
    float* const result = last != nullptr && l + 1 == layers() ? last : outputs[l].data();
    const BiasRelu epilogue{result, values_.data() + bias(l), out, relu(l)};
    const ByRows weight{values_.data() + offsets_[l], in};
    if (l == 0)
      multiply("dense_forward", stream, ByInputRows{input}, weight, epilogue, rows, out, Count{in});
    else
      multiply("dense_forward", stream, ByRows{outputs[l - 1].data(), in}, weight, epilogue, rows, out, Count{in});
  }
}

void DenseStack::backward(const Rows& input, Count rows, const Outputs& outputs, float* d_output, float* dx,
                          const Stream& stream) {
  const std::size_t parameters = offsets_.back();
  if (relu_last_) {
    const auto width = static_cast<std::uint32_t>(shapes_.back().out);
    launch({"mask_rows", blocks_for(std::uint64_t{rows.most} * width, 256), 256}, stream, mask_rows,
           outputs.back().data(), rows, width, d_output);
  }
  float* delta = d_output;
  for (std::size_t l = layers(); l-- > 0;) {
    const auto in = static_cast<unsigned>(shapes_[l].in);
    const auto out = static_cast<unsigned>(shapes_[l].out);
    const ByColumns by_output{delta, out};
    const ToSlices gradient{gradients_.data() + offsets_[l], in, parameters};
    float* const bias_gradient = gradients_.data() + bias(l);
    if (l == 0)
      multiply("weight_gradient", stream, by_output, ByInputColumns{input}, gradient, Count{out}, in, rows, slices_,
               bias_gradient, parameters);
    else
      multiply("weight_gradient", stream, by_output, ByColumns{outputs[l - 1].data(), in}, gradient, Count{out}, in,
               rows, slices_, bias_gradient, parameters);
    float* const below = l == 0 ? dx : deltas_[l - 1].data();
    if (below == nullptr) return;
    const unsigned width = l == 0 ? input.width : in;
    const KeptBy epilogue{below, l == 0 ? nullptr : outputs[l - 1].data(), width};
    multiply("input_gradient", stream, ByRows{delta, out}, ByColumns{values_.data() + offsets_[l], in}, epilogue, rows,
             width, Count{out});
    delta = below;
  }
}

void DenseStack::update(const UpdateStep* step, const Stream& stream) {
  const auto size = static_cast<std::uint32_t>(offsets_.back());
  launch({"update_parameters", blocks_for(size, 256), 256}, stream, update_parameters, step, gradients_.data(), slices_,
         size, values_.data(), first_.data(), second_.data());
}

void DenseStack::add_values(DeviceTensors& tensors, const std::string& name) { add_tensors(tensors, name, values_); }

void DenseStack::add_states(DeviceTensors& tensors, const std::string& name) {
  if (kind_ == OptimizerKind::sgd) return;
  if (kind_ == OptimizerKind::adam) {
    add_tensors(tensors, "adam.m/" + name, first_);
    add_tensors(tensors, "adam.v/" + name, second_);
  } else {
    add_tensors(tensors, "adagrad/" + name, first_);
  }
}

void DenseStack::add_tensors(DeviceTensors& tensors, const std::string& name, DeviceBuffer<float>& buffer) const {
  for (std::size_t l = 0; l < layers(); ++l) {
    const std::string layer = name + "." + std::to_string(l);
    tensors.add(layer + ".weight", {shapes_[l].out, shapes_[l].in}, buffer, offsets_[l]);
    tensors.add(layer + ".bias", {shapes_[l].out}, buffer, bias(l));
  }
}

}  // namespace frugal::cuda
