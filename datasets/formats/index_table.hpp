// A hash table of indices: open addressing with linear probing, 8 bytes a slot, at most every other slot taken. What an
// index stands for lies with the caller, so that a look-up is one slot and one comparison.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::data {

class IndexTable {
 public:
  bool empty() const { return taken_ == 0; }

  /// The index with this hash for which same(index) holds; where there is none, `fresh`, which is in the table from now
  /// on.
  template <class Same>
  std::uint32_t find_or_add(std::uint64_t hash, std::uint32_t fresh, Same&& same) {
    if (2 * taken_ >= slots_.size()) grow();
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = tag & mask();; at = (at + 1) & mask()) {
      Slot& slot = slots_[at];
      if (slot.index == absent) {
        slot = {tag, fresh};
        ++taken_;
        return fresh;
      }
      if (slot.tag == tag && same(slot.index)) return slot.index;
    }
  }

  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[tag_of(hash) & mask()]);
  }

 private:
  static constexpr std::uint32_t absent = 0xffffffff;
  struct Slot {
    std::uint32_t tag = 0;  ///< of the hash
    std::uint32_t index = absent;
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  std::size_t mask() const { return slots_.size() - 1; }

  void grow() {
    std::vector<Slot> larger(slots_.empty() ? 64 : 2 * slots_.size());
    slots_.swap(larger);
    for (const Slot& slot : larger) {
      if (slot.index == absent) continue;
      std::size_t at = slot.tag & mask();
      while (slots_[at].index != absent) at = (at + 1) & mask();
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t taken_ = 0;
};

}  // namespace frugal::data
