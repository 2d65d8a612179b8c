// Compressed sparse rows, compressed: the ascending members of each group as the steps between them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/varint.hpp"

namespace frugal {

/// A step below 128 takes one byte, one below 16384 two, where Groups takes four. Members are read from front to back.
class PackedGroups {
 public:
  /// The members of the next group: ascending.
  void append(std::span<const std::uint32_t> members);

  std::size_t size() const { return counts_.size(); }
  std::uint64_t members() const { return members_; }                       ///< of all groups
  std::uint32_t count(std::size_t group) const { return counts_[group]; }  ///< members of one
  std::uint64_t bytes() const;                                             ///< held for them

  /// Reads the members of one group in pieces.
  class Reader {
   public:
    Reader(const PackedGroups& groups, std::size_t group)
        : next_(groups.bytes_.data() + groups.offsets_[group]), left_(groups.counts_[group]) {}
    std::uint32_t left() const { return left_; }
    /// The next `to.size()` members, or as many as are left; how many.
    std::uint32_t take(std::span<std::uint32_t> to) {
      const auto now = static_cast<std::uint32_t>(to.size() < left_ ? to.size() : left_);
      for (std::uint32_t i = 0; i < now; ++i) to[i] = last_ += static_cast<std::uint32_t>(take_varint(next_));
      left_ -= now;
      return now;
    }

   private:
    const std::uint8_t* next_;
    std::uint32_t left_;
    std::uint32_t last_ = 0;
  };

  /// The other side: group m of the result has the numbers of the groups of which m < `groups` is a member.
  PackedGroups transposed(std::uint32_t groups) const;

 private:
  template <class Visit>
  void for_each(Visit visit) const;  ///< visit(group, member), by group

  std::vector<std::uint64_t> offsets_;  ///< where each group's bytes begin
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint8_t> bytes_;
  std::uint64_t members_ = 0;
};

}  // namespace frugal
