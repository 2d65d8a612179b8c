// DLRM's last layer, of one output, with the loss on it and the way back:
//
//   z_e = h_e . w + b,   loss_e = cross entropy of z_e,   s_e = its derivative over the number of examples,
//   dw = sum of s_e h_e,   db = sum of s_e,   d_e = s_e w, masked by h_e > 0 where h comes out of a ReLU
//
// One block has batch_block examples; each writes its part of dw, db and the column sums of d.
//
// Deterministic: each sum has a fixed order. Against `reference`: eps * sqrt(width + examples) * 8.
#pragma once
#include <cstdint>

#include "impl/cuda/recommender/dlrm_step.hpp"
#include "impl/cuda/recommender/tensor_stack.hpp"

namespace frugal::cuda {

class LogitLayer {
 public:
  /// Layer `layer` of `parameters`, [1, width].
  LogitLayer(int width, DenseParameters& parameters, std::size_t layer, std::size_t most_rows, Precision precision,
             const Stream& stream);

  /// logits [rows] of h.
  void forward(const OperandPair& h, Count rows, const Stream& stream);
  const DeviceBuffer<float>& logits() const { return logits_; }

  /// What the gradient of h goes to: an operand, masked, with its column sums in parts; or plain, [rows, width] `stride`
  /// floats apart, where it is not null.
  struct Below {
    OperandPair delta;
    float* sums;
    float* plain;
    std::size_t stride;
  };
  /// forward(), and back.
  void train(const OperandPair& h, const float* labels, Count rows, const Below& below, const Stream& stream);
  /// [rows], after train().
  const float* losses() const { return losses_.data(); }

 private:
  void run(const OperandPair& h, const float* labels, Count rows, const Below& below, const Stream& stream);

  std::uint32_t width_;
  const DenseParameters& parameters_;
  std::size_t layer_;
  Precision precision_;
  DeviceBuffer<float> logits_;
  DeviceBuffer<float> losses_;
  DeviceBuffer<float> weight_parts_;  ///< [parts, DenseParameters::stride()]
  DeviceBuffer<float> bias_parts_;    ///< [parts]
};

}  // namespace frugal::cuda
