// Labelled examples of a DLRM, and whether a model can read them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/specs.hpp"

namespace frugal {

/// n labelled examples. Each has one bag of ids per table: the rows whose sum stands for that categorical feature.
struct ClickBatch {
  std::span<const float> dense;        ///< [n, dense_features]
  std::span<const std::uint32_t> ids;  ///< [n, tables], or one bag after another
  std::span<const float> labels;       ///< [n], 0 or 1; may be empty for prediction
  /// [n * tables + 1], from 0 to ids.size(), never falling: bag (e, t) is ids[offsets[b]] .. ids[offsets[b + 1] - 1],
  /// b = e * tables + t. An id counts as often as its bag names it; an empty bag is a vector of zeros. Empty offsets:
  /// each bag has one id.
  std::span<const std::uint64_t> offsets{};

  /// Where bag b starts; b = n * tables gives the end of the last one.
  std::size_t begin_of(std::size_t b) const { return offsets.empty() ? b : static_cast<std::size_t>(offsets[b]); }
  /// The ids of bag b.
  std::span<const std::uint32_t> bag(std::size_t b) const {
    return ids.subspan(begin_of(b), begin_of(b + 1) - begin_of(b));
  }
};

/// Throws std::invalid_argument, before anything is changed, when the sizes are not those of n examples, the offsets
/// are not as above, or an id is beyond the rows of its table.
void require_readable(const ClickBatch& batch, const DlrmSpec& spec, std::size_t n);

/// A training sample, and the examples of one step of it, side by side in the order of the schedule (impl/api/dlrm.hpp):
/// what back ends on the host compute with.
class StepExamples {
 public:
  /// The training sample, read where it is. Throws as require_readable(), and then keeps the one before.
  void set(const ClickBatch& examples, const DlrmSpec& spec);
  /// Of step `step`, counted from 0. Good until the next call. Throws std::invalid_argument when there are no examples.
  ClickBatch gather(const DlrmSpec& spec, std::uint64_t step);
  /// Those of these numbers, in this order. Good until the next call.
  ClickBatch pick(const DlrmSpec& spec, std::span<const std::uint64_t> numbers);

 private:
  ClickBatch examples_;
  std::vector<std::uint64_t> numbers_;
  std::vector<float> dense_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> labels_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace frugal
