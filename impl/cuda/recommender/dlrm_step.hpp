// What one step of DLRM, or one pass of a prediction, computes with: which examples, taken from those in device memory,
// and the rows that their bags name. One recorded graph does every step: a step works out its batch from its number.
//
// Deterministic: exact, but for the mean of the losses, which is one sum in a fixed order, in double.
#pragma once
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/base/permutation.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/device/device.hpp"
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

/// How far training is: a step counts itself on.
struct DlrmProgress {
  std::uint64_t step;  ///< of the model
  std::uint64_t done;  ///< of this call; losses[done] is the next
};

/// One step, worked out on the device from its number, or one pass of a prediction, from the host.
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

  __device__ std::uint32_t begin(std::uint32_t bag) const { return begins == nullptr ? bag : begins[bag]; }
};

/// What take_examples() writes.
struct DlrmInputs {
  float* dense;            ///< [batch, features]
  float* labels;           ///< [batch]
  std::uint32_t* rows;     ///< [lookups]; that of a lookup beyond the batch is the number of all rows
  std::uint32_t* to_sort;  ///< the same
  std::uint32_t* begins;   ///< [batch * tables + 1]; of bags only, as the next
  std::uint32_t* sources;  ///< [batch]: which of the examples each is
  std::uint32_t* bag_of;   ///< [lookups]
  std::uint32_t most;      ///< lookups there is room for
};

void begin_step(const DlrmShape& shape, const UpdateRule& rule, std::uint64_t seed, std::uint64_t examples,
                const DlrmProgress* progress, DlrmStep* step, const Stream& stream);

/// table_begins [tables + 1]: the first row of each table.
void take_examples(const DlrmShape& shape, const DlrmStep* step, const ClickView& from,
                   const std::uint32_t* table_begins, const DlrmInputs& to, const Stream& stream);

/// loss_of_steps[progress.done] = the mean of the step's losses; then counts progress on.
void finish_step(const DlrmStep* step, const float* losses, DlrmProgress* progress, double* loss_of_steps,
                 const Stream& stream);

}  // namespace frugal::cuda
