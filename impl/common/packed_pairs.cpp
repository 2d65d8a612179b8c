#include "impl/common/packed_pairs.hpp"

#include <algorithm>
#include <cassert>

namespace frugal {

void PackedPairs::push_back(const Interaction& pair) {
  assert(!is_spread());
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

PackedPairs PackedPairs::spread(Communicator& ranks, const PackedPairs& own) {
  assert(!own.is_spread());
  const auto size = static_cast<std::size_t>(ranks.size());
  const auto rank = static_cast<std::size_t>(ranks.rank());
  std::vector<std::size_t> had(size + 1);  // [r]: number of rank r's first pair
  had[rank + 1] = own.size();
  gather_rows(ranks, had.data() + 1, 1, equal_shares(size, ranks.size()));
  for (std::size_t r = 0; r < size; ++r) had[r + 1] += had[r];
  PackedPairs whole;
  whole.size_ = had.back();
  whole.blocks_.resize((whole.size_ + block_pairs - 1) / block_pairs);
  whole.rank_ = ranks.rank();
  for (const std::size_t block : equal_shares(whole.blocks_.size(), ranks.size()))
    whole.begins_.push_back(std::min<std::size_t>(block * block_pairs, whole.size_));

  // What this rank has and others will have goes to them; it need not hold the rest unpacked.
  const std::vector<std::size_t>& begins = whole.begins_;
  std::vector<std::vector<Interaction>> outgoing(size);
  std::size_t number = had[rank];
  std::size_t to = 0;
  for (const Interaction& pair : own) {
    while (number >= begins[to + 1]) ++to;
    ++number;
    if (to != rank) outgoing[to].push_back(pair);
  }
  const std::vector<Interaction> received = exchanged(ranks, outgoing);

  PackedPairs run;
  const std::size_t before = std::clamp(had[rank], begins[rank], begins[rank + 1]) - begins[rank];  // from lower ranks
  for (std::size_t k = 0; k < before; ++k) run.push_back(received[k]);
  number = had[rank];
  for (const Interaction& pair : own) {
    if (number >= begins[rank] && number < begins[rank + 1]) run.push_back(pair);
    ++number;
  }
  for (std::size_t k = before; k < received.size(); ++k) run.push_back(received[k]);
  assert(run.size() == begins[rank + 1] - begins[rank]);
  std::ranges::move(run.blocks_, whole.blocks_.begin() + static_cast<std::ptrdiff_t>(begins[rank] / block_pairs));
  return whole;
}

PackedPairs PackedPairs::own() const {
  assert(is_spread());
  PackedPairs part;
  part.size_ = begins_[rank_ + 1] - begins_[rank_];
  for (const std::vector<std::uint8_t>& block : blocks_)
    if (!block.empty()) part.blocks_.push_back(block);
  return part;
}

PackedBlocks PackedPairs::own_blocks(std::uint64_t block) const {
  PackedBlocks some{.first = block, .blocks = {}};
  for (; block < blocks_.size() && !blocks_[block].empty() && some.blocks.size() < lent_blocks; ++block)
    some.blocks.push_back(blocks_[block]);
  return some;
}

const std::uint8_t* PackedPairs::block(std::uint64_t number, std::shared_ptr<const PackedBlocks>& lent) const {
  if (!blocks_[number].empty()) return blocks_[number].data();
  assert(lender_ && "only rank 0 reads what others have");
  if (!lent || !lent->has(number)) lent = lender_->lend(number);
  return lent->blocks[number - lent->first].data();
}

bool operator==(const PackedPairs& a, const PackedPairs& b) {
  if (a.is_spread() || b.is_spread()) return std::ranges::equal(a, b);
  return a.blocks_ == b.blocks_;
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
