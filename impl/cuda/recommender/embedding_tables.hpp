// Embedding tables of one dimension, one behind the other in one array, and the lazy update of the rows that a step
// used: rows that it did not use keep their values and their optimiser's state.
//
// The gradient of a distinct row is given, or it is the sum of the gradients of the lookups of the batch that use the
// row: no atomics. Lookups are cut into chunks of 32; the uses of a row within one chunk are summed in their order, and
// where they go on into the next chunks, the sums of the chunks, in theirs. So a row that half of the batch uses does not
// keep one thread busy for long, and most rows, which are used once, are updated by the one pass over the lookups.
//
// Deterministic. Against `reference`: eps * sqrt(uses) * 8 of the gradient.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "impl/cuda/device/device_tensors.hpp"
#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/update.hpp"
#include "impl/cuda/recommender/lookup_sort.hpp"

namespace frugal::cuda {

class EmbeddingTables {
 public:
  /// values: [all rows, dim], table after table. The first `frozen` tables never change.
  EmbeddingTables(std::vector<std::uint32_t> rows, int dim, const std::vector<float>& values, const UpdateRule& rule,
                  std::size_t frozen, const Stream& stream);

  /// Values drawn on the device, the same bits as initial_table().
  EmbeddingTables(std::vector<std::uint32_t> rows, int dim, std::uint64_t seed, const UpdateRule& rule,
                  std::size_t frozen, const Stream& stream);

  /// Or why not: the lanes of a row hold all of its gradient.
  static Support supports_dim(int dim);

  const float* data() const { return values_.data(); }
  std::uint32_t rows() const { return offsets_.back(); }
  /// Where table t starts, in rows; t = the number of tables gives rows().
  const std::vector<std::uint32_t>& offsets() const { return offsets_; }

  /// Room for update_summed() of so many lookups, before it is recorded.
  void reserve(std::size_t lookups);

  /// One step of the rows of `groups`, whose ids count over all tables, with gradients [distinct rows, dim].
  void update(const UpdateStep* step, const IdGroups& groups, const float* gradients, const Stream& stream);
  /// The same with the sum of the gradients of the bags [., dim] that look a row up.
  void update_summed(const UpdateStep* step, const SortedLookups& lookups, const float* gradients,
                     const Stream& stream);

  void add_value(DeviceTensors& tensors, std::size_t table, const std::string& name);
  /// Nothing for a frozen table.
  void add_state(DeviceTensors& tensors, std::size_t table, const std::string& name);

 private:
  EmbeddingTables(std::vector<std::uint32_t> rows, int dim, const UpdateRule& rule, std::size_t frozen,
                  const Stream& stream);

  bool all_frozen() const { return frozen_ + 1 == offsets_.size(); }
  std::uint32_t frozen_rows() const { return offsets_[frozen_]; }

  std::vector<std::uint32_t> offsets_;
  unsigned dim_;
  OptimizerKind kind_;
  std::size_t frozen_;
  DeviceBuffer<float> values_;
  DeviceBuffer<float> first_;   ///< Adam's m; adagrad's sums of squares ([rows] when row-wise)
  DeviceBuffer<float> second_;  ///< Adam's v
  DeviceBuffer<float> parts_;   ///< of update_summed(): [chunks, 2, dim]
};

}  // namespace frugal::cuda
