// Dense layers with ReLU over the rows of a batch, on tensor cores: forward and backward by tile_product.hpp.
//
//   forward:  H_l = relu(H_{l-1} W_l^T + b_l)          H_0 the input, [rows, in]
//   backward: D_l masked by H_l > 0,  dW_l = D_l^T H_{l-1},  db_l = column sums of D_l,  D_{l-1} = D_l W_l
//
// All three products read both operands along the depth, so whoever computes an H or a D writes it as an operand and as
// its transpose. Rows beyond the batch, up to a whole step of the depth, are written as zeros: they are part of the sums
// over the batch.
//
// Everything here only launches, and reads the number of rows on the device: a graph may record it.
//
// Deterministic: each sum has a fixed order for a given number of rows. Against `reference`: eps * sqrt(widths + rows)
// * 8 (impl/equivalence).
#pragma once
#include <cstdint>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/recommender/dense_parameters.hpp"

namespace frugal::cuda {

class TensorStack {
 public:
  /// Layers of `parameters`, `first` being the number of the first of `shapes` there; no layers: the output is the input.
  /// plain_output: the last layer's is fp32, for others than products. delta_rows: of a part of delta_sums().
  TensorStack(std::vector<DenseShape> shapes, int input_width, bool plain_output, unsigned delta_rows,
              DenseParameters& parameters, std::size_t first, std::size_t most_rows, Precision precision,
              const Stream& stream);

  std::size_t layers() const { return shapes_.size(); }

  /// To be written before forward().
  OperandPair input() const { return input_.view(); }

  void forward(Count rows, const Stream& stream) const;
  /// [rows, out]; of plain_output.
  const float* plain_output() const { return plain_output_.data(); }
  OperandPair output() const { return layers() == 0 ? input() : outputs_.back().view(); }

  /// Of the last layer's output, masked, to be written before backward(), with its column sums in parts, [parts,
  /// out].
  OperandPair delta() const { return deltas_.back().view(); }
  float* delta_sums() { return bias_sums_.back().data(); }

  /// d_input, when not null: [rows, in], rows `stride` floats apart, an even number.
  void backward(Count rows, float* d_input, std::size_t stride, const Stream& stream);

 private:
  std::vector<DenseShape> shapes_;
  unsigned input_width_;
  const DenseParameters& parameters_;
  std::size_t first_;
  Precision precision_;
  OperandPairBuffer input_;
  std::vector<OperandPairBuffer> outputs_;  ///< of each layer, but for a plain one
  DeviceBuffer<float> plain_output_;
  std::vector<OperandPairBuffer> deltas_;       ///< of each layer
  std::vector<std::uint32_t> slices_;           ///< of each layer's gradient
  std::vector<DeviceBuffer<float>> gradients_;  ///< [slices, out, DenseParameters::stride()]
  std::vector<DeviceBuffer<float>> bias_sums_;  ///< [parts, out]
};

}  // namespace frugal::cuda
