// The parameters of dense layers on tensor cores: their values and the optimiser's state in fp32, and the operands that
// products read, the weights [out, in] and their transpose, which every update writes anew.
//
// A gradient comes as parts, which the update adds in order: the slices of a product, the partial sums of row tiles.
//
// Deterministic: each sum has a fixed order for a given number of rows. Against `reference`: eps * sqrt(rows) * 8 of the
// gradient.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/device/device_tensors.hpp"
#include "impl/cuda/kernels/operand.hpp"
#include "impl/cuda/kernels/rows.hpp"
#include "impl/cuda/kernels/update.hpp"

namespace frugal::cuda {

/// Parts of a gradient: part p is at data + p * stride.
struct GradientParts {
  const float* data;
  std::size_t stride;
  std::uint32_t count;
  std::uint32_t rows = 0;  ///< of the batch, that a part is of: those beyond the batch are old; 0: none are
};

class DenseParameters {
 public:
  DenseParameters(const UpdateRule& rule, Precision precision) : kind_(rule.kind), precision_(precision) {}

  /// Laws of the initial weight [out, in] and bias [out]. Returns the layer's number.
  std::size_t add_layer(DenseShape shape, const NormalLaw& weight, const NormalLaw& bias);
  /// Where the gradient of a layer comes from; before allocate(). A part of the weight's is [out, stride], of the bias's
  /// [out].
  void set_gradient(std::size_t layer, const GradientParts& weight, const GradientParts& bias);
  /// After all layers and their gradients are known, and before anything below.
  void allocate(const Stream& stream);

  /// Floats between two rows of a weight, and of its gradient: even.
  static std::uint32_t stride(DenseShape shape) { return (static_cast<std::uint32_t>(shape.in) + 3) / 4 * 4; }

  const float* weight(std::size_t layer) const { return values_.data() + layers_[layer].weight_at; }
  const float* bias(std::size_t layer) const { return values_.data() + layers_[layer].bias_at; }
  OperandPair operands(std::size_t layer) const { return operands_[layer].view(); }

  /// One step of layers first .. end - 1; rows: of the batch. Only launches.
  void update(const UpdateStep* step, Count rows, std::size_t first, std::size_t end, const Stream& stream);
  /// After values changed by other means.
  void refresh_operands(const Stream& stream);

  /// "<name>.weight" and ".bias".
  void add_value(DeviceTensors& tensors, std::size_t layer, const std::string& name);
  void add_state(DeviceTensors& tensors, std::size_t layer, const std::string& name);

  /// What the update's kernel knows of a layer.
  struct Layer {
    std::uint32_t in;
    std::uint32_t out;
    std::uint32_t stride;
    std::uint32_t first_tile;  ///< among those of all layers
    std::size_t weight_at;
    std::size_t bias_at;
    GradientParts weight_gradient;
    GradientParts bias_gradient;
    OperandPair operands;
  };

 private:
  void launch_update(const UpdateStep* step, Count rows, std::size_t first, std::size_t end, const Stream& stream);
  void add_tensors(DeviceTensors& tensors, std::size_t layer, const std::string& name, DeviceBuffer<float>& buffer);

  OptimizerKind kind_;
  Precision precision_;
  std::vector<Layer> layers_;
  std::vector<NormalLaw> laws_;  ///< of each layer's weight and bias
  std::size_t size_ = 0;         ///< floats
  std::uint32_t tiles_ = 0;
  DeviceBuffer<float> values_;
  DeviceBuffer<float> first_;   ///< Adam's m; adagrad's sums of squares
  DeviceBuffer<float> second_;  ///< Adam's v
  std::vector<OperandPairBuffer> operands_;
  DeviceBuffer<Layer> device_layers_;
};

}  // namespace frugal::cuda
