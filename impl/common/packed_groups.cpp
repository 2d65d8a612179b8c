#include "impl/common/packed_groups.hpp"

namespace frugal {

void PackedGroups::append(std::span<const std::uint32_t> members) {
  offsets_.push_back(bytes_.size());
  counts_.push_back(static_cast<std::uint32_t>(members.size()));
  members_ += members.size();
  std::uint32_t last = 0;
  for (const std::uint32_t member : members) {
    put_varint(bytes_, member - last);
    last = member;
  }
}

std::uint64_t PackedGroups::bytes() const {
  return offsets_.capacity() * sizeof(std::uint64_t) + counts_.capacity() * sizeof(std::uint32_t) + bytes_.capacity();
}

template <class Visit>
void PackedGroups::for_each(Visit visit) const {
  const std::uint8_t* next = bytes_.data();
  for (std::uint32_t group = 0; group < counts_.size(); ++group) {
    std::uint32_t member = 0;
    for (std::uint32_t k = 0; k < counts_[group]; ++k) {
      member += static_cast<std::uint32_t>(take_varint(next));
      visit(group, member);
    }
  }
}

/// Twice over all members, so that the result gets its bytes at once, exactly as many as it needs.
PackedGroups PackedGroups::transposed(std::uint32_t groups) const {
  PackedGroups other;
  other.members_ = members_;
  other.counts_.assign(groups, 0);
  std::vector<std::uint32_t> last(groups, 0);
  std::vector<std::uint64_t> next(groups, 0);  // bytes so far, then places
  for_each([&](std::uint32_t group, std::uint32_t member) {
    ++other.counts_[member];
    next[member] += static_cast<std::uint64_t>(varint_bytes(group - last[member]));
    last[member] = group;
  });
  std::uint64_t total = 0;
  for (std::uint64_t& place : next) {
    const std::uint64_t bytes = place;
    place = total;
    total += bytes;
  }
  other.offsets_ = next;
  other.bytes_.resize(total);
  last.assign(groups, 0);
  for_each([&](std::uint32_t group, std::uint32_t member) {
    std::uint32_t step = group - last[member];
    last[member] = group;
    std::uint8_t* to = other.bytes_.data() + next[member];
    for (; step >= 0x80; step >>= 7) *to++ = static_cast<std::uint8_t>(step | 0x80);
    *to++ = static_cast<std::uint8_t>(step);
    next[member] = static_cast<std::uint64_t>(to - other.bytes_.data());
  });
  return other;
}

}  // namespace frugal
