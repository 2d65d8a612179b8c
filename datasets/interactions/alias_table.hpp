// Draws from a discrete distribution in O(1): Walker's alias method, tables built in O(n) (Vose, "A linear algorithm
// for generating random numbers with a given distribution", IEEE TSE 1991).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace frugal::data {

/// The indices 0, ..., size() - 1, each with the probability of its weight over the sum of all.
class AliasTable {
 public:
  AliasTable() = default;
  /// weights: non-negative, at least one positive.
  explicit AliasTable(std::span<const double> weights);

  std::uint32_t size() const { return static_cast<std::uint32_t>(slots_.size()); }

  /// An index, from two independent uniform words.
  std::uint32_t draw(std::uint32_t column_word, std::uint32_t coin_word) const {
    const auto column = static_cast<std::uint32_t>((static_cast<std::uint64_t>(column_word) * slots_.size()) >> 32);
    const Slot& slot = slots_[column];
    return coin_word < slot.keep ? column : slot.other;
  }

 private:
  struct Slot {
    std::uint32_t keep;  ///< probability times 2^32 of staying in this column; a full column is its own other
    std::uint32_t other;
  };
  std::vector<Slot> slots_;
};

}  // namespace frugal::data
