#include "impl/common/packed_pairs.hpp"

namespace frugal {

void PackedPairs::push_back(const Interaction& pair) {
  const bool starts_block = size_ % block_pairs == 0;
  if (starts_block) {  // blocks can be read without the ones before
    if (!blocks_.empty()) blocks_.back().shrink_to_fit();
    blocks_.emplace_back();
    last_user_ = 0;
  }
  const bool changes = starts_block || pair.user != last_user_;
  put_varint(blocks_.back(), std::uint64_t{pair.item} << 1 | (changes ? 1 : 0));
  if (changes) put_varint(blocks_.back(), zigzag(std::int64_t{pair.user} - std::int64_t{last_user_}));
  last_user_ = pair.user;
  ++size_;
}

std::uint64_t PackedPairs::bytes() const {
  std::uint64_t sum = blocks_.size() * sizeof(std::vector<std::uint8_t>);
  for (const std::vector<std::uint8_t>& block : blocks_) sum += block.capacity();
  return sum;
}

PackedPairs::Iterator PackedPairs::begin() const {
  Iterator first(*this, 0);
  first.read();
  return first;
}

PackedPairs::Iterator PackedPairs::end() const { return {*this, size_}; }

Interaction PackedPairs::operator[](std::uint64_t number) const {
  Iterator at(*this, number / block_pairs * block_pairs);
  at.read();
  while (at.number_ != number) ++at;
  return *at;
}

std::vector<Interaction> PackedPairs::unpacked() const {
  std::vector<Interaction> pairs;
  pairs.reserve(size_);
  for (const Interaction& pair : *this) pairs.push_back(pair);
  return pairs;
}

}  // namespace frugal
