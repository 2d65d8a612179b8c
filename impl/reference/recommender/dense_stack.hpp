// A multilayer perceptron on one example at a time.
//
//   forward:   z_l = W_l h_{l-1} + b_l,   h_l = max(z_l, 0)   (no maximum on the last layer unless relu_last)
//   backward:  dz_l = dh_l [h_l > 0],   dW_l += dz_l h_{l-1}^T,   db_l += dz_l,   dh_{l-1} = W_l^T dz_l
//
// The slope of max(z, 0) at 0 is taken as 0.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/reference/recommender/parameter.hpp"

namespace frugal::reference {

class Mlp {
 public:
  explicit Mlp(bool relu_last) : relu_last_(relu_last) {}

  /// Tensors "<prefix>.<l>.weight" [out, in] and "<prefix>.<l>.bias" [out], l counting up with each call.
  void add_layer(const std::string& prefix, DenseShape shape, const std::vector<float>& weight,
                 const std::vector<float>& bias);

  void train_with(const UpdateRule& rule);
  void add_values(TensorViews<double>& views);
  void add_states(TensorViews<double>& views);
  void update(std::uint64_t step);

  /// h_0 (the input), h_1, ..., h_L (the output).
  using Trace = std::vector<std::vector<double>>;
  Trace forward(std::span<const double> input) const;

  /// Adds to the parameters' gradients; returns the gradient of the input.
  std::vector<double> backward(const Trace& trace, std::vector<double> d_output);

 private:
  struct Layer {
    DenseShape shape;
    Parameter weight;
    Parameter bias;
  };

  bool has_relu(std::size_t layer) const { return relu_last_ || layer + 1 < layers_.size(); }

  bool relu_last_;
  std::vector<Layer> layers_;
};

}  // namespace frugal::reference
