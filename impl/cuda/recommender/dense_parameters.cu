#include <algorithm>
#include <cassert>

#include "impl/cuda/recommender/dense_parameters.hpp"
#include "impl/cuda/recommender/draw.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned update_tile = 32;
constexpr unsigned update_width = 4;  ///< neighbours of a row that a thread has
constexpr unsigned update_threads = update_tile * update_tile / update_width;

/// The sum of all parts at `at`, of a float or of four.
template <class T>
__device__ T sum_of(const GradientParts& parts, std::uint32_t batch, std::size_t at) {
  constexpr unsigned width = sizeof(T) / sizeof(float);
  const std::uint32_t count = parts.rows == 0 ? parts.count : (batch + parts.rows - 1) / parts.rows;
  constexpr unsigned ahead = width == 1 ? 16 : 4;
  float sum[width] = {};
  for (std::uint32_t p = 0; p < count; p += ahead) {
    T fetched[ahead];
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a)
      if (p + a < count) fetched[a] = *reinterpret_cast<const T*>(parts.data + (p + a) * parts.stride + at);
#pragma unroll
    for (unsigned a = 0; a < ahead; ++a)
      if (p + a < count)
        for (unsigned c = 0; c < width; ++c) sum[c] += reinterpret_cast<const float*>(&fetched[a])[c];
  }
  T all;
  for (unsigned c = 0; c < width; ++c) reinterpret_cast<float*>(&all)[c] = sum[c];
  return all;
}

/// Updates T values at `at`, a float or four, with the gradient at `own` of its parts, and returns them.
template <class T>
__device__ T update_at(const UpdateStep& step, const GradientParts& parts, std::uint32_t batch, std::size_t own,
                       std::size_t at, float* values, float* first, float* second) {
  const auto of = [&](float* array) -> T& { return *reinterpret_cast<T*>(array + at); };
  const auto value = [](T& all, unsigned c) -> float* { return reinterpret_cast<float*>(&all) + c; };
  const bool has_first = step.kind != OptimizerKind::sgd;
  const bool has_second = step.kind == OptimizerKind::adam;
  T w = of(values);
  T own_first{};
  T own_second{};
  if (has_first) own_first = of(first);
  if (has_second) own_second = of(second);
  const T gradient = sum_of<T>(parts, batch, own);
  for (unsigned c = 0; c < sizeof(T) / sizeof(float); ++c)
    update_value(step, reinterpret_cast<const float*>(&gradient)[c], 0, value(w, c), value(own_first, c),
                 value(own_second, c));
  of(values) = w;
  if (has_first) of(first) = own_first;
  if (has_second) of(second) = own_second;
  return w;
}

/// A block has a tile of one layer's weight; the first of a row of tiles, also its biases. `step` null: the values stay,
/// and the operands are written. What pads a row of the weight is updated as the rest; of the operands it stays zero.
template <Precision precision>
__global__ void __launch_bounds__(update_threads, 3)
    update_layers(const DenseParameters::Layer* layers, unsigned count, std::uint32_t first_tile,
                  const UpdateStep* step, Count batch, float* values, float* first, float* second) {
  __shared__ float turned[update_tile][update_tile + 1];
  const std::uint32_t own_tile = first_tile + gridDim.x - 1 - blockIdx.x;  // the last layer, with most parts, first
  unsigned l = 0;
  for (unsigned next = 1; next < count; ++next) l += layers[next].first_tile <= own_tile ? 1 : 0;
  const DenseParameters::Layer layer = layers[l];
  const std::uint32_t tiles_across = (layer.in + update_tile - 1) / update_tile;
  const std::uint32_t tile = own_tile - layer.first_tile;
  const std::uint32_t first_out = tile / tiles_across * update_tile;
  const std::uint32_t first_in = tile % tiles_across * update_tile;
  const std::uint32_t rows = batch();
  UpdateStep now{};
  if (step != nullptr) now = *step;
  const unsigned row = threadIdx.x / (update_tile / update_width);
  const unsigned column = threadIdx.x % (update_tile / update_width) * update_width;
  {
    const std::uint32_t o = first_out + row;
    const std::uint32_t i = first_in + column;
    float own[update_width] = {};
    if (o < layer.out && i < layer.in) {
      const std::size_t at = std::size_t{o} * layer.stride + i;
      float4 updated;
      if (step != nullptr)
        updated = update_at<float4>(now, layer.weight_gradient, rows, at, layer.weight_at + at, values, first, second);
      else
        updated = *reinterpret_cast<const float4*>(values + layer.weight_at + at);
      for (unsigned c = 0; c < update_width; ++c)
        own[c] = i + c < layer.in ? reinterpret_cast<const float*>(&updated)[c] : 0.F;
      layer.operands.rows.put_run<precision>(o, i, own);
    }
    for (unsigned c = 0; c < update_width; ++c) turned[row][column + c] = own[c];
  }
  if (first_in == 0 && step != nullptr && threadIdx.x < update_tile && first_out + threadIdx.x < layer.out) {
    const std::uint32_t o = first_out + threadIdx.x;
    update_at<float>(now, layer.bias_gradient, rows, o, layer.bias_at + o, values, first, second);
  }
  __syncthreads();
  const std::uint32_t i = first_in + row;
  const std::uint32_t o = first_out + column;
  if (o >= layer.out || i >= layer.in) return;
  float own[update_width];
  for (unsigned c = 0; c < update_width; ++c) own[c] = turned[column + c][row];
  layer.operands.columns.put_run<precision>(i, o, own);
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

void DenseParameters::launch_update(const UpdateStep* step, Count rows, std::size_t first, std::size_t end,
                                    const Stream& stream) {
  const auto first_tile = [&](std::size_t layer) {
    return layer == layers_.size() ? tiles_ : layers_[layer].first_tile;
  };
  with_precision(precision_, [&]<Precision precision> {
    launch({"update_layers", first_tile(end) - first_tile(first), update_threads}, stream, update_layers<precision>,
           device_layers_.data(), static_cast<unsigned>(layers_.size()), first_tile(first), step, rows, values_.data(),
           first_.data(), second_.data());
  });
}

void DenseParameters::update(const UpdateStep* step, Count rows, std::size_t first, std::size_t end,
                             const Stream& stream) {
  launch_update(step, rows, first, end, stream);
}

void DenseParameters::refresh_operands(const Stream& stream) {
  launch_update(nullptr, Count{0}, 0, layers_.size(), stream);
}

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
