// Interactions in a fraction of their eight bytes, in any order that is wanted: what a billion of them fit memory by.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/specs.hpp"
#include "impl/common/varint.hpp"

namespace frugal {

/// Whole blocks of interactions, packed, of which the first is number `first` of its sequence.
struct PackedBlocks {
  std::uint64_t first = 0;
  std::vector<std::vector<std::uint8_t>> blocks;
  bool has(std::uint64_t block) const { return block >= first && block - first < blocks.size(); }
};

/// Who has the blocks of a sequence that lie with other ranks.
class PairsLender {
 public:
  virtual ~PairsLender() = default;
  /// The block of this number, and what else is sent with it.
  virtual std::shared_ptr<const PackedBlocks> lend(std::uint64_t block) const = 0;
  /// By which all ranks know the sequence.
  virtual std::uint32_t number() const = 0;
};

/// A sequence of interactions, read from front to back. Each is a varint: the item and, in the lowest bit, whether the
/// user is another one than before; then the step from that one follows. Of interactions that stand by user an item
/// below 2^6, 2^13, 2^20 takes one, two, three bytes. Any order can be held, at a byte or more a change of the user.
///
/// Several ranks may have one sequence together, each some of its blocks (spread()). Rank 0, which is lent the others',
/// then reads all of it like any other sequence, in the thread that speaks to the ranks.
class PackedPairs {
 public:
  class Iterator;
  using value_type = Interaction;
  using const_iterator = Iterator;
  using iterator = Iterator;

  PackedPairs() = default;
  PackedPairs(std::span<const Interaction> pairs) {
    for (const Interaction& pair : pairs) push_back(pair);
  }
  PackedPairs(const std::vector<Interaction>& pairs) : PackedPairs(std::span<const Interaction>(pairs)) {}
  PackedPairs(std::initializer_list<Interaction> pairs)
      : PackedPairs(std::span<const Interaction>(pairs.begin(), pairs.size())) {}

  /// Ends all iterators. Not of a sequence that is spread.
  void push_back(const Interaction& pair);

  /// The sequence of what all ranks have, one after the other: each keeps a run of blocks, as equal as can be. All ranks
  /// call this alike; `own` is what this one has.
  static PackedPairs spread(Communicator& ranks, const PackedPairs& own);
  bool is_spread() const { return !begins_.empty(); }
  /// The block that begins with pair `number`, or, of the sequence's end, the one that would.
  static std::uint64_t block_of(std::uint64_t number) { return (number + block_pairs - 1) / block_pairs; }
  /// Of a spread one, [ranks + 1]: rank r has the pairs begins[r] ... begins[r + 1] - 1.
  const std::vector<std::size_t>& begins() const { return begins_; }
  /// Those of this rank; only to be read.
  PackedPairs own() const;
  /// Those of its blocks from this number on, as many as go into one message; empty: this rank has not that block.
  PackedBlocks own_blocks(std::uint64_t block) const;
  /// From whom rank 0 gets what the others have.
  void lend_by(std::shared_ptr<const PairsLender> lender) { lender_ = std::move(lender); }
  const std::shared_ptr<const PairsLender>& lender() const { return lender_; }

  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint64_t bytes() const;  ///< held for them, here

  Iterator begin() const;
  Iterator end() const;
  /// Reads up to a block of those before it: for the odd one, not for all.
  Interaction operator[](std::uint64_t number) const;
  std::vector<Interaction> unpacked() const;

  friend bool operator==(const PackedPairs& a, const PackedPairs& b);

 private:
  static constexpr std::uint64_t block_pairs = 4096;
  static constexpr std::uint64_t lent_blocks = 256;  ///< at a time: a million pairs

  const std::uint8_t* block(std::uint64_t number, std::shared_ptr<const PackedBlocks>& lent) const;

  std::vector<std::vector<std::uint8_t>>
      blocks_;  ///< of block_pairs each, the last one of what is left; empty: elsewhere
  std::uint64_t size_ = 0;
  std::uint32_t last_user_ = 0;
  std::vector<std::size_t> begins_;  ///< empty: not spread
  int rank_ = 0;
  std::shared_ptr<const PairsLender> lender_;
};

class PackedPairs::Iterator {
 public:
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using value_type = Interaction;
  using difference_type = std::ptrdiff_t;
  using pointer = const Interaction*;
  using reference = Interaction;

  Iterator() = default;

  Interaction operator*() const { return value_; }
  const Interaction* operator->() const { return &value_; }
  Iterator& operator++() {
    ++number_;
    read();
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.number_ == b.number_; }

 private:
  friend PackedPairs;
  Iterator(const PackedPairs& pairs, std::uint64_t number) : pairs_(&pairs), number_(number) {}

  void read();

  const PackedPairs* pairs_ = nullptr;
  std::uint64_t number_ = 0;
  const std::uint8_t* next_ = nullptr;
  Interaction value_{};
  std::shared_ptr<const PackedBlocks> lent_;  ///< where next_ may point to
};

inline void PackedPairs::Iterator::read() {
  if (number_ == pairs_->size_) return;
  if (number_ % block_pairs == 0) {
    next_ = pairs_->block(number_ / block_pairs, lent_);
    value_.user = 0;
  }
  const std::uint64_t code = take_varint(next_);
  value_.item = static_cast<std::uint32_t>(code >> 1);
  if (code & 1) value_.user = static_cast<std::uint32_t>(std::int64_t{value_.user} + unzigzag(take_varint(next_)));
}

}  // namespace frugal
