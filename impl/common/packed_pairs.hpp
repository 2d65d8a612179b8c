// Interactions in a fraction of their eight bytes, in any order that is wanted: what a billion of them fit memory by.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
#include <vector>

#include "impl/common/specs.hpp"
#include "impl/common/varint.hpp"

namespace frugal {

/// A sequence of interactions, read from front to back. Each is a varint: the item and, in the lowest bit, whether the
/// user is another one than before; then the step from that one follows. Of interactions that stand by user an item
/// below 2^6, 2^13, 2^20 takes one, two, three bytes. Any order can be held, at a byte or more a change of the user.
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

  /// Ends all iterators.
  void push_back(const Interaction& pair);

  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint64_t bytes() const;  ///< held for them

  Iterator begin() const;
  Iterator end() const;
  /// Reads up to a block of those before it: for the odd one, not for all.
  Interaction operator[](std::uint64_t number) const;
  std::vector<Interaction> unpacked() const;

  friend bool operator==(const PackedPairs& a, const PackedPairs& b) { return a.blocks_ == b.blocks_; }

 private:
  static constexpr std::uint64_t block_pairs = 4096;

  std::vector<std::vector<std::uint8_t>> blocks_;  ///< of block_pairs each, the last one of what is left
  std::uint64_t size_ = 0;
  std::uint32_t last_user_ = 0;
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
};

inline void PackedPairs::Iterator::read() {
  if (number_ == pairs_->size_) return;
  if (number_ % block_pairs == 0) {
    next_ = pairs_->blocks_[number_ / block_pairs].data();
    value_.user = 0;
  }
  const std::uint64_t code = take_varint(next_);
  value_.item = static_cast<std::uint32_t>(code >> 1);
  if (code & 1) value_.user = static_cast<std::uint32_t>(std::int64_t{value_.user} + unzigzag(take_varint(next_)));
}

}  // namespace frugal
