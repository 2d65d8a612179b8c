// Dense layers on blocks of rows: forward and backward of an MLP by oneDNN.
//
//   forward:  H_l = relu(H_{l-1} W_l^T + b_l)          H_0 the input, [rows, in]
//   backward: D_l masked by H_l > 0,  dW_l = D_l^T H_{l-1},  db_l = column sums of D_l,  D_{l-1} = D_l W_l
//
// A block is small enough to stay in a core's cache from layer to layer, is worked on by one thread, and always has
// the same number of rows (unused ones are zero): one set of oneDNN primitives serves every batch.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/common/tensor_views.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/matmul.hpp"

namespace frugal::cpu {

/// The shapes of the layers, and where their parameters lie in one array: weight 0 [out, in], bias 0 [out], weight 1...
class DenseStack {
 public:
  /// relu_last: the last layer has a ReLU too, like all others.
  DenseStack(std::vector<DenseShape> shapes, bool relu_last);

  std::size_t layers() const { return shapes_.size(); }
  DenseShape shape(std::size_t layer) const { return shapes_[layer]; }
  bool relu(std::size_t layer) const { return relu_last_ || layer + 1 < shapes_.size(); }
  std::size_t weight(std::size_t layer) const { return offsets_[layer]; }
  std::size_t bias(std::size_t layer) const;
  std::size_t parameters() const { return offsets_.back(); }

  /// The weights as the products read them: in place, or in an array of operands() floats of their own where a row of
  /// theirs is a multiple of 2 KiB. Such rows share a few sets of the cache, and a product that steps from row to row
  /// runs at half the rate; 64 bytes between them cure it.
  bool has_own_operands() const { return own_operands_; }
  std::size_t operands() const { return operand_offsets_.back(); }
  std::size_t operand(std::size_t layer) const { return operand_offsets_[layer]; }
  std::int64_t operand_stride(std::size_t layer) const;

  /// Floats from a row of a layer's outputs to the next. Between layers they are set apart for the same reason.
  std::int64_t output_stride(std::size_t layer) const;

  /// Floats a row of all layers' outputs, and of those before `layer`.
  std::size_t outputs_before(std::size_t layer) const;
  std::size_t outputs() const { return outputs_before(layers()); }
  int widest() const;

  /// "<prefix><name>.<l>.weight" and ".bias" over an array of parameters().
  void add_views(TensorViews<float>& views, const std::string& prefix_and_name, float* array) const;

 private:
  std::vector<DenseShape> shapes_;
  bool relu_last_;
  std::vector<std::size_t> offsets_;
  bool own_operands_;
  std::vector<std::size_t> operand_offsets_;
};

/// The parameters of a stack, and its weights as the products read them.
struct DenseView {
  const float* parameters;
  const float* operands;
};

/// The products of one thread. Make it in the thread and the kind of region (parallel) that will use it: oneDNN plans a
/// primitive for the threads it sees then, and a plan for one thread has the same bits wherever it runs.
class DenseWorker {
 public:
  DenseWorker(const DenseStack& stack, int rows);

  /// x [rows, in]; outputs: those of layer 0 [rows, output_stride], layer 1, ... The last one's go to `last` where it
  /// is given.
  void forward(const DenseView& model, const float* x, float* outputs, float* last = nullptr);

  /// d_output [rows, out of the last layer] is overwritten. gradient [parameters()] is added to, or overwritten when
  /// `first`. dx [rows, in] may be null: then it is not computed.
  void backward(const DenseView& model, const float* x, const float* outputs, float* d_output, float* gradient,
                bool first, float* dx);

  /// Output of the last layer within `outputs`.
  float* last(float* outputs) const { return outputs + rows_ * stack_.outputs_before(stack_.layers() - 1); }

 private:
  struct Products {
    Matmul forward;
    Matmul weight_gradient;
    Matmul weight_gradient_added;
    Matmul input_gradient;
  };

  DenseStack stack_;
  std::size_t rows_;
  std::vector<Products> products_;
  AlignedBuffer<float> delta_[2];
};

/// Models of so many dense parameters are bound by passes over them.
bool is_wide_model(std::size_t parameters);

/// Weight gradients that are the same at any number of threads: blocks of rows are dealt to a fixed number of slots
/// (by the shape and the number of blocks alone), a slot's blocks are added up in order by one thread, and the slots
/// are added up in order.
class GradientSlots {
 public:
  /// How many slots serve a model of so many dense parameters well.
  static std::size_t suited_to(std::size_t parameters);

  /// parameters: of the stack, or of one of several stacks that share the number of slots.
  GradientSlots(std::size_t parameters, std::size_t slots);

  /// Deals `blocks` blocks.
  void deal(std::size_t blocks);
  std::size_t used() const { return used_; }
  std::size_t begin(std::size_t slot) const { return slot * per_slot_; }
  std::size_t end(std::size_t slot) const;
  float* gradient(std::size_t slot) { return gradients_.data() + slot * stride_; }

  /// All ranks have the gradients of all slots; begins: the slots of each, which have been computed there.
  void gather(Communicator& ranks, std::span<const std::size_t> begins) {
    gather_rows(ranks, gradients_.data(), stride_, begins);
  }

  /// Where each rank has gradients of its own: the sum of a rank's slots becomes one slot, and all have those of all ranks.
  void gather_sums(Communicator& ranks);

  /// sum[i] of parameters first..first+sum.size() over the used slots.
  void reduce(std::size_t first, std::span<float> sum) const;

 private:
  std::size_t stride_;
  std::size_t slots_;
  std::size_t blocks_ = 0;
  std::size_t per_slot_ = 1;
  std::size_t used_ = 0;
  AlignedBuffer<float> gradients_;
};

}  // namespace frugal::cpu
