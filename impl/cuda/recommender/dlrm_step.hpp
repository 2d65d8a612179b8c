// What one step of DLRM, or one pass of a prediction, computes with: which examples, taken from those in device memory,
// and the rows that their bags name. One recorded graph does every step: a step finds its batch by its number in a plan.
//
// Deterministic: exact, but for the mean of the losses, which is one sum in a fixed order, in double.
#pragma once
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/base/permutation.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/kernels/operand.hpp"
#include "impl/cuda/kernels/rows.hpp"
#include "impl/cuda/kernels/update.hpp"

namespace frugal::cuda {

/// The numbers of a spec that kernels need.
struct DlrmShape {
  explicit DlrmShape(const DlrmSpec& spec);
  FeatureInteraction interaction;
  unsigned features;  ///< dense
  unsigned tables;
  unsigned dim;
  unsigned bottom;  ///< width of the bottom output; dim for dot
  unsigned inputs;  ///< of the top MLP
  std::uint32_t batch;

  /// Floats between two rows of the gradient of the top MLP's inputs: what a product writes.
  FRUGAL_HOST_DEVICE std::size_t gradient_stride() const { return (inputs + 3) / 4 * 4; }
};

/// Examples that a block of the kernels beside the products takes.
inline constexpr unsigned batch_block = 16;
/// Operands over a batch are zero from its end to a multiple of this.
inline constexpr unsigned batch_step = operand_tile_words * 2;
FRUGAL_HOST_DEVICE constexpr std::uint32_t whole_batch_steps(std::uint32_t examples) {
  return (examples + batch_step - 1) / batch_step * batch_step;
}

/// Examples in device memory, laid out as a ClickBatch.
struct ClickView {
  const float* dense;
  const std::uint32_t* ids;
  const float* labels;           ///< null where there are none
  const std::uint64_t* offsets;  ///< null: one id a bag
  std::uint64_t first_offset;    ///< of ids[0]: a slice of examples keeps the offsets of the whole

  __device__ std::uint32_t bag_size(std::uint64_t b) const {
    return static_cast<std::uint32_t>(offsets[b + 1] - offsets[b]);
  }
};

/// One step of training, planned on the device from its number, or one pass of a prediction, from the host.
struct DlrmStep {
  Permutation order;
  bool shuffled;  ///< or `first` counts the examples as they lie
  std::uint64_t first;
  std::uint32_t examples;
  UpdateStep update;
};

/// The bags of a batch, bag = e * tables + t, and the rows that they name, counted over all tables.
struct DlrmBags {
  const std::uint32_t* rows;    ///< [lookups]
  const std::uint32_t* begins;  ///< bag b is lookups begins[b] .. begins[b + 1] - 1; null: one each, lookup b
};

/// What take_examples() writes.
struct DlrmInputs {
  DlrmStep* step;
  OperandPair dense;       ///< [batch, features]
  float* labels;           ///< [batch]
  std::uint32_t* rows;     ///< [lookups]; that of a lookup beyond the batch is the number of all rows
  std::uint32_t* begins;   ///< [batch * tables + 1]; of bags only, as the next
  std::uint32_t* sources;  ///< [batch]: which of the examples each is
  std::uint32_t* bag_of;   ///< [lookups]
  std::uint32_t most;      ///< lookups there is room for
};

/// steps [count]: steps first, first + 1 ... of a training on so many examples.
void plan_steps(const DlrmShape& shape, const UpdateRule& rule, std::uint64_t seed, std::uint64_t examples,
                std::uint64_t first, std::uint32_t count, DlrmStep* steps, const Stream& stream);

/// Of steps[*done], which it copies. table_begins [tables + 1]: the first row of each table.
void take_examples(const DlrmShape& shape, Precision precision, const DlrmStep* steps, const std::uint32_t* done,
                   const ClickView& from, const std::uint32_t* table_begins, const DlrmInputs& to,
                   const Stream& stream);

/// loss_of_steps[*done] = the mean of the step's losses; then counts on.
void finish_step(const DlrmStep* step, const float* losses, std::uint32_t* done, double* loss_of_steps,
                 const Stream& stream);

}  // namespace frugal::cuda
