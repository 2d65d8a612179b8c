// DLRM's feature interaction, and the loss on its logits. impl/reference/dlrm.cpp has the formulas.
//
// Shapes: x_0 = bottom output, x_t = row of table t-1, `vectors` of them; q [examples, inputs of the top MLP]. One
// thread block an example: its vectors come into shared memory once, for all pairs. Deterministic: each dot product and
// each gradient is one sum in a fixed order, by one thread. Against `reference`: eps * sqrt(dim + vectors) * 8.
#pragma once
#include <cstdint>

#include "impl/common/specs.hpp"
#include "impl/cuda/dense_stack.hpp"
#include "impl/cuda/update.hpp"

namespace frugal::cuda {

/// The numbers of a spec that kernels need.
struct DlrmShape {
  explicit DlrmShape(const DlrmSpec& spec);
  FeatureInteraction interaction;
  unsigned tables;
  unsigned dim;
  unsigned bottom;  ///< width of the bottom output; dim for dot
  unsigned inputs;  ///< of the top MLP

  /// Shared memory that a block of the interaction needs: the vectors and the gradients of q.
  std::size_t shared_bytes() const;
};

/// One step, from the host.
struct DlrmStep {
  std::uint32_t examples;
  UpdateStep update;
};

/// Where an example's rows are: all tables one behind the other, table t from row offsets[t] on; ids [examples, tables]
/// within each table.
struct DlrmRows {
  const float* tables;
  const std::uint32_t* offsets;
  const std::uint32_t* ids;
};

/// ids counted over all tables, [most examples * tables]; those beyond the batch become `bound`.
void number_rows(const DlrmShape& shape, const DlrmRows& rows, Count examples, std::uint32_t bound,
                 std::uint32_t* numbers, const Stream& stream);

/// q from the bottom output [examples, bottom].
void interact(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, Count examples, float* q,
              const Stream& stream);

/// From d_q: d_bottom [examples, bottom] and d_rows [examples, tables, dim].
void interact_backward(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, const float* d_q,
                       Count examples, float* d_bottom, float* d_rows, const Stream& stream);

/// losses[e], and slopes[e]: the derivative of their mean by logit e.
void score_clicks(const DlrmStep* step, std::uint32_t most_examples, const float* logits, const float* labels,
                  float* losses, float* slopes, const Stream& stream);

/// *mean = the mean of the step's losses.
void mean_loss(const DlrmStep* step, const float* losses, double* mean, const Stream& stream);

}  // namespace frugal::cuda
