// The distinct ids of a batch and where each occurs: what turns a scatter of gradients, which would need atomics and an
// order, into one sum per row in a fixed order.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace frugal::cpu {

class SortedIds {
 public:
  /// Sorts, stable and in O(n). All ids are below `bound`.
  void assign(std::span<const std::uint32_t> ids, std::uint32_t bound);

  /// The same, where id i stands for position at[i] of something else, and at never falls. Then positions() are those,
  /// and there is no row_of().
  void assign(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> at, std::uint32_t bound);

  /// Distinct ids, ascending. A row is a position in this list.
  std::span<const std::uint32_t> distinct() const { return distinct_; }
  std::size_t rows() const { return distinct_.size(); }

  /// Positions in the batch where the id of this row stands, ascending.
  std::span<const std::uint32_t> positions(std::size_t row) const {
    return std::span(order_).subspan(offsets_[row], offsets_[row + 1] - offsets_[row]);
  }

  /// Those of all rows, one row after another.
  std::span<const std::uint32_t> all_positions() const { return order_; }
  /// Where those of a row begin in all_positions(); of rows(), where they end.
  std::size_t begin(std::size_t row) const { return offsets_[row]; }

  /// Row of the id at each position of the batch.
  std::span<const std::uint32_t> row_of() const { return row_of_; }

 private:
  void count(std::span<const std::uint32_t> ids, std::uint32_t bound);
  void sort_by_digits(std::uint32_t bound);
  void find_rows();

  std::vector<std::uint32_t> distinct_;
  std::vector<std::uint32_t> offsets_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> row_of_;
  std::vector<std::uint32_t> counts_;  // by id; then its row
  std::vector<std::uint32_t> next_;    // by row: where its next position goes
  std::vector<std::uint64_t> keys_;    // id in the high half, position in the low one
  std::vector<std::uint64_t> spare_;
};

}  // namespace frugal::cpu
