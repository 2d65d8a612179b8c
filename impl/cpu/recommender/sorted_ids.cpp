#include "impl/cpu/recommender/sorted_ids.hpp"

#include <array>
#include <bit>

namespace frugal::cpu {

void SortedIds::assign(std::span<const std::uint32_t> ids, std::uint32_t bound) {
  const std::size_t n = ids.size();
  row_of_.resize(n);
  // A pass over all possible ids costs less than one more over the batch, as long as they are not many more.
  if (bound / 8 <= n) return count(ids, bound);
  keys_.resize(n);
  for (std::size_t i = 0; i < n; ++i) keys_[i] = std::uint64_t{ids[i]} << 32 | i;
  sort_by_digits(bound);
  find_rows();
  for (std::size_t row = 0; row < distinct_.size(); ++row)
    for (const std::uint32_t position : positions(row)) row_of_[position] = static_cast<std::uint32_t>(row);
}

void SortedIds::assign(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> at, std::uint32_t bound) {
  row_of_.clear();
  keys_.resize(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) keys_[i] = std::uint64_t{ids[i]} << 32 | at[i];
  sort_by_digits(bound);
  find_rows();
}

void SortedIds::count(std::span<const std::uint32_t> ids, std::uint32_t bound) {
  counts_.assign(bound, 0);
  next_.clear();
  distinct_.clear();
  offsets_.clear();
  order_.resize(ids.size());
  for (const std::uint32_t id : ids) ++counts_[id];
  std::uint32_t sum = 0;
  for (std::uint32_t id = 0; id < bound; ++id) {
    const std::uint32_t count = counts_[id];
    if (count == 0) continue;
    counts_[id] = static_cast<std::uint32_t>(distinct_.size());
    distinct_.push_back(id);
    offsets_.push_back(sum);
    next_.push_back(sum);
    sum += count;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::uint32_t row = counts_[ids[i]];
    row_of_[i] = row;
    order_[next_[row]++] = static_cast<std::uint32_t>(i);
  }
  offsets_.push_back(sum);
}

void SortedIds::sort_by_digits(std::uint32_t bound) {
  spare_.resize(keys_.size());
  // Least significant digit first; digits of at most 11 bits keep the counters in the first-level cache.
  constexpr int largest_digit = 11;
  const int bits = bound > 1 ? std::bit_width(bound - 1) : 0;
  const int passes = (bits + largest_digit - 1) / largest_digit;
  const int digit = passes > 0 ? (bits + passes - 1) / passes : 0;
  for (int pass = 0; pass < passes; ++pass) {
    const int shift = 32 + pass * digit;
    const std::uint64_t mask = (std::uint64_t{1} << digit) - 1;
    std::array<std::uint32_t, 1U << largest_digit> next{};
    for (const std::uint64_t key : keys_) ++next[key >> shift & mask];
    std::uint32_t sum = 0;
    for (std::uint32_t& start : next) {
      const std::uint32_t count = start;
      start = sum;
      sum += count;
    }
    for (const std::uint64_t key : keys_) spare_[next[key >> shift & mask]++] = key;
    keys_.swap(spare_);
  }
}

void SortedIds::find_rows() {
  const std::size_t n = keys_.size();
  order_.resize(n);
  distinct_.resize(n);
  offsets_.resize(n + 1);
  std::size_t rows = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto id = static_cast<std::uint32_t>(keys_[i] >> 32);
    order_[i] = static_cast<std::uint32_t>(keys_[i]);
    if (rows > 0 && distinct_[rows - 1] == id) continue;
    distinct_[rows] = id;
    offsets_[rows++] = static_cast<std::uint32_t>(i);
  }
  offsets_[rows] = static_cast<std::uint32_t>(n);
  distinct_.resize(rows);
  offsets_.resize(rows + 1);
}

}  // namespace frugal::cpu
