// Dense layers over the rows of a batch, in fp32 and of any shape: forward, backward and update of an MLP by the products
// of product.hpp. tensor_stack.hpp is for wide layers.
//
//   forward:  H_l = relu(H_{l-1} W_l^T + b_l)          H_0 the input, [rows, in]
//   backward: D_l masked by H_l > 0,  dW_l = D_l^T H_{l-1},  db_l = column sums of D_l,  D_{l-1} = D_l W_l
//
// The gradients of the parameters are summed over a fixed number of slices of the rows, and the slices in order by the
// update. Everything here only launches, and reads the number of rows on the device: a graph may record it.
//
// Deterministic: each sum has a fixed order for a given number of rows. Against `reference`: eps * sqrt(widths + rows)
// * 8 (impl/equivalence).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/device/device_tensors.hpp"
#include "impl/cuda/kernels/rows.hpp"
#include "impl/cuda/kernels/update.hpp"

namespace frugal::cuda {

class DenseStack {
 public:
  /// relu_last: the last layer has a ReLU too, like all others. parameters: weight 0 [out, in], bias 0 [out], weight
  /// 1... most_rows: of a step of training.
  DenseStack(std::vector<DenseShape> shapes, bool relu_last, const std::vector<float>& parameters,
             const UpdateRule& rule, std::size_t most_rows, const Stream& stream);

  std::size_t layers() const { return shapes_.size(); }

  /// The outputs of all layers, for up to `rows` rows.
  using Outputs = std::vector<DeviceBuffer<float>>;
  Outputs make_outputs(std::size_t rows) const;

  /// `last`, when not null, gets the output of the last layer instead of outputs.back(). Needs a layer.
  void forward(const Rows& input, Count rows, Outputs& outputs, const Stream& stream, float* last = nullptr) const;

  /// After forward() of the same rows. d_output [rows, out] is overwritten. dx [rows, input.width] may be null: then it
  /// is not computed. Needs a layer.
  void backward(const Rows& input, Count rows, const Outputs& outputs, float* d_output, float* dx,
                const Stream& stream);

  /// One step with the gradient of backward(). step: in device memory.
  void update(const UpdateStep* step, const Stream& stream);

  /// "<name>.<l>.weight" and ".bias".
  void add_values(DeviceTensors& tensors, const std::string& name);
  void add_states(DeviceTensors& tensors, const std::string& name);

 private:
  void add_tensors(DeviceTensors& tensors, const std::string& name, DeviceBuffer<float>& buffer) const;
  bool relu(std::size_t layer) const { return relu_last_ || layer + 1 < shapes_.size(); }
  std::size_t bias(std::size_t layer) const;

  std::vector<DenseShape> shapes_;
  bool relu_last_;
  OptimizerKind kind_;
  std::vector<std::size_t> offsets_;  ///< of the layers' parameters, and their end
  unsigned slices_;
  DeviceBuffer<float> values_;
  DeviceBuffer<float> first_;      ///< Adam's m; adagrad's sums of squares
  DeviceBuffer<float> second_;     ///< Adam's v
  DeviceBuffer<float> gradients_;  ///< [slices, parameters]
  Outputs deltas_;                 ///< gradients of the outputs of all layers but the last
};

}  // namespace frugal::cuda
