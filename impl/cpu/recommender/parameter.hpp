// Parameters with the state of their optimiser, and one step of it. impl/reference/recommender/parameter.hpp has the
// formulas.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "impl/common/adam.hpp"
#include "impl/common/specs.hpp"
#include "impl/common/tensor_views.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/recommender_kernels.hpp"
#include "impl/cpu/recommender/dense_stack.hpp"

namespace frugal::cpu {

/// Fetches a row [dim] of a table that will be read.
void prefetch_row(const float* row, std::size_t dim);

/// An embedding table [rows, dim]. Frozen: no state, and update_row must not be called.
class EmbeddingTable {
 public:
  /// draw(row, values [dim]): the initial values of a row. Called in parallel.
  EmbeddingTable(std::uint32_t rows, int dim, const std::function<void(std::uint32_t, std::span<float>)>& draw,
                 const UpdateRule& rule, bool trainable);

  const float* row(std::uint32_t id) const { return values_.data() + std::size_t{id} * dim_; }

  /// Fetches what update_row will touch: at random rows of a large table the hardware does not see it coming.
  void prefetch_row(std::uint32_t id) const;

  /// One lazy step of one row; g [dim]. Safe in parallel for different rows.
  void update_row(const UpdateStep& step, std::uint32_t id, const float* g);

  void add_value(TensorViews<float>& views, const std::string& name);
  void add_state(TensorViews<float>& views, const std::string& name);

 private:
  std::int64_t rows_;
  std::size_t dim_;
  OptimizerKind kind_;
  bool trainable_;
  AlignedBuffer<float> values_;
  AlignedBuffer<float> first_;   // Adam's m; adagrad's sums of squares ([rows] when row-wise)
  AlignedBuffer<float> second_;  // Adam's v
};

/// The parameters of a DenseStack.
class DenseParameters {
 public:
  DenseParameters(const DenseStack& stack, const UpdateRule& rule);

  DenseView view() const { return {values_.data(), stack_.has_own_operands() ? operands_.data() : values_.data()}; }

  /// Where the stack has operands of its own: copies the weights there. Due after every change of the values.
  void refresh_operands();

  /// Copies a layer's initial values.
  void set_layer(std::size_t layer, const std::vector<float>& weight, const std::vector<float>& bias);

  /// Parameters are updated in pieces of this many, in any order.
  static constexpr std::size_t piece = 1024;
  std::size_t pieces() const { return (values_.size() + piece - 1) / piece; }
  void update_piece(const UpdateStep& step, std::size_t index, const GradientSlots& gradient);

  void add_values(TensorViews<float>& views, const std::string& name);
  void add_states(TensorViews<float>& views, const std::string& name);

 private:
  DenseStack stack_;
  OptimizerKind kind_;
  AlignedBuffer<float> values_;
  AlignedBuffer<float> operands_;
  AlignedBuffer<float> first_;
  AlignedBuffer<float> second_;
};

}  // namespace frugal::cpu
