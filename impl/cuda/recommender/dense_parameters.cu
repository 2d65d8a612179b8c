#include <algorithm>
#include <cassert>

#include "impl/cuda/recommender/dense_parameters.hpp"
#include "impl/cuda/recommender/draw.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned update_tile = 32;
constexpr unsigned update_threads = 256;
constexpr unsigned rows_at_once = update_threads / update_tile;

__device__ float sum_of(const GradientParts& parts, std::uint32_t batch, std::size_t at) {
  const std::uint32_t count = parts.rows == 0 ? parts.count : (batch + parts.rows - 1) / parts.rows;
  float sum = 0;
#pragma unroll 8
  for (std::uint32_t p = 0; p < count; ++p) sum += parts.data[p * parts.stride + at];
  return sum;
}

/// A block has a tile of one layer's weight; the first of a row of tiles, also its biases. `step` null: the values stay,
/// and the operands are written.
template <Precision precision>
__global__ void __launch_bounds__(update_threads)
    update_layers(const DenseParameters::Layer* layers, unsigned count, const UpdateStep* step, Count batch,
                  float* values, float* first, float* second) {
  __shared__ float turned[update_tile][update_tile + 1];
  unsigned l = 0;
  while (l + 1 < count && layers[l + 1].first_tile <= blockIdx.x) ++l;
  const DenseParameters::Layer& layer = layers[l];
  const std::uint32_t tiles_across = (layer.in + update_tile - 1) / update_tile;
  const std::uint32_t tile = blockIdx.x - layer.first_tile;
  const std::uint32_t first_out = tile / tiles_across * update_tile;
  const std::uint32_t first_in = tile % tiles_across * update_tile;
  const unsigned column = threadIdx.x % update_tile;
  const std::uint32_t rows = batch();
  UpdateStep now{};
  if (step != nullptr) now = *step;
  for (unsigned row = threadIdx.x / update_tile; row < update_tile; row += rows_at_once) {
    const std::uint32_t o = first_out + row;
    const std::uint32_t i = first_in + column;
    float value = 0;
    if (o < layer.out && i < layer.in) {
      const std::size_t own = std::size_t{o} * layer.stride + i;
      const std::size_t at = layer.weight_at + own;
      if (step != nullptr) update_value(now, sum_of(layer.weight_gradient, rows, own), at, values, first, second);
      value = values[at];
      layer.operands.rows.put<precision>(o, i, value);
    }
    turned[row][column] = value;
  }
  if (first_in == 0 && step != nullptr && threadIdx.x < update_tile && first_out + threadIdx.x < layer.out) {
    const std::uint32_t o = first_out + threadIdx.x;
    update_value(now, sum_of(layer.bias_gradient, rows, o), layer.bias_at + o, values, first, second);
  }
  __syncthreads();
  for (unsigned row = threadIdx.x / update_tile; row < update_tile; row += rows_at_once) {
    const std::uint32_t i = first_in + row;
    const std::uint32_t o = first_out + column;
    if (o < layer.out && i < layer.in) layer.operands.columns.put<precision>(i, o, turned[column][row]);
  }
}

std::size_t padded(std::size_t n) { return (n + 3) / 4 * 4; }

}  // namespace

std::size_t DenseParameters::add_layer(DenseShape shape, const NormalLaw& weight, const NormalLaw& bias) {
  const auto in = static_cast<std::uint32_t>(shape.in);
  const auto out = static_cast<std::uint32_t>(shape.out);
  const std::size_t bias_at = size_ + std::size_t{out} * stride(shape);
  layers_.push_back({in, out, stride(shape), tiles_, size_, bias_at, {}, {}, {}});
  laws_.insert(laws_.end(), {weight, bias});
  size_ = padded(bias_at + out);
  tiles_ += blocks_for(in, update_tile) * blocks_for(out, update_tile);
  return layers_.size() - 1;
}

void DenseParameters::allocate(const Stream& stream) {
  const auto zeros = [&](const char* what) {
    DeviceBuffer<float> buffer(size_, what);
    buffer.zero(stream);
    return buffer;
  };
  values_ = zeros("dense parameters");
  if (kind_ != OptimizerKind::sgd) first_ = zeros("optimiser state of dense parameters");
  if (kind_ == OptimizerKind::adam) second_ = zeros("optimiser state of dense parameters");
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    draw_normals(laws_[2 * l], layer.out, layer.in, layer.stride, values_, layer.weight_at, stream);
    draw_normals(laws_[2 * l + 1], 1, layer.out, layer.out, values_, layer.bias_at, stream);
    operands_.emplace_back(layer.out, layer.in, precision_, "weights as operands", stream);
    layer.operands = operands_.back().view();
  }
  device_layers_ = DeviceBuffer<Layer>(layers_, "layers", stream);
  refresh_operands(stream);
}

void DenseParameters::set_gradient(std::size_t layer, const GradientParts& weight, const GradientParts& bias) {
  layers_[layer].weight_gradient = weight;
  layers_[layer].bias_gradient = bias;
}

void DenseParameters::launch_update(const UpdateStep* step, Count rows, const Stream& stream) {
  with_precision(precision_, [&]<Precision precision> {
    launch({"update_layers", tiles_, update_threads}, stream, update_layers<precision>, device_layers_.data(),
           static_cast<unsigned>(layers_.size()), step, rows, values_.data(), first_.data(), second_.data());
  });
}

void DenseParameters::update(const UpdateStep* step, Count rows, const Stream& stream) {
  launch_update(step, rows, stream);
}

void DenseParameters::refresh_operands(const Stream& stream) { launch_update(nullptr, Count{0}, stream); }

void DenseParameters::add_value(DeviceTensors& tensors, std::size_t layer, const std::string& name) {
  add_tensors(tensors, layer, name, values_);
}

void DenseParameters::add_state(DeviceTensors& tensors, std::size_t layer, const std::string& name) {
  if (kind_ == OptimizerKind::sgd) return;
  if (kind_ == OptimizerKind::adam) {
    add_tensors(tensors, layer, "adam.m/" + name, first_);
    add_tensors(tensors, layer, "adam.v/" + name, second_);
  } else {
    add_tensors(tensors, layer, "adagrad/" + name, first_);
  }
}

void DenseParameters::add_tensors(DeviceTensors& tensors, std::size_t layer, const std::string& name,
                                  DeviceBuffer<float>& buffer) {
  const Layer& own = layers_[layer];
  tensors.add(name + ".weight", {own.out, own.in}, buffer, own.weight_at, own.stride);
  tensors.add(name + ".bias", {own.out}, buffer, own.bias_at);
}

}  // namespace frugal::cuda
