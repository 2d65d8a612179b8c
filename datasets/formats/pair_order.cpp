#include "datasets/formats/pair_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

namespace frugal::data {
namespace {

/// So many rows, twice, lie in the cache of a core while they are sorted.
constexpr std::size_t part_rows = 4096;
/// Rows are dealt to 2^11 parts at most: to more places than that at once memory is slow to write.
constexpr int most_part_bits = 11;

/// Sorts by digits of eight bits, the least first, from one array to the other and back. Is the result in `other`?
bool sort_part(std::span<Rating> rows, std::span<Rating> other, int item_bits) {
  if (rows.empty()) return false;
  const auto key_of = [item_bits](const Rating& row) { return std::uint64_t{row.user} << item_bits | row.item; };
  const std::uint64_t first = key_of(rows.front());
  std::uint64_t differing = 0;  // bits
  std::uint64_t last = first;
  bool in_order = true;
  for (const Rating& row : rows) {
    const std::uint64_t key = key_of(row);
    differing |= key ^ first;
    in_order &= last <= key;
    last = key;
  }
  if (in_order) return false;
  bool swapped = false;
  for (int shift = 0; shift < 64; shift += 8) {
    if ((differing >> shift & 0xff) == 0) continue;
    const auto digit_of = [&](const Rating& row) { return key_of(row) >> shift & 0xff; };
    std::array<std::size_t, 256> next{};
    for (const Rating& row : rows) ++next[digit_of(row)];
    std::exclusive_scan(next.begin(), next.end(), next.begin(), std::size_t{0});
    for (const Rating& row : rows) other[next[digit_of(row)]++] = row;
    std::swap(rows, other);
    swapped = !swapped;
  }
  return swapped;
}

/// Rows in order of the users: a few whole users at a time, or one of many rows.
void sort_users(std::vector<Rating>& rows, int item_bits) {
  std::vector<Rating> other;
  const auto next_user = [&](std::size_t k) {
    const std::uint32_t user = rows[k].user;
    while (k < rows.size() && rows[k].user == user) ++k;
    return k;
  };
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = next_user(begin);
    while (end < rows.size()) {
      const std::size_t further = next_user(end);
      if (further - begin > part_rows) break;
      end = further;
    }
    const std::span<Rating> part = std::span(rows).subspan(begin, end - begin);
    if (other.size() < part.size()) other.resize(part.size());
    const std::span<Rating> there = std::span(other).first(part.size());
    if (sort_part(part, there, item_bits)) std::ranges::copy(there, part.begin());
    begin = end;
  }
}

/// Rows in any order: dealt to parts, each of some users one after the other, which are then sorted.
void sort_parts(std::vector<Rating>& rows, std::uint32_t users, int item_bits) {
  const int user_bits = std::bit_width(users - 1);
  const int part_bits =
      std::min({user_bits, most_part_bits, static_cast<int>(std::bit_width(rows.size() / part_rows))});
  const auto part_of = [shift = user_bits - part_bits](const Rating& row) { return std::uint64_t{row.user} >> shift; };
  const std::size_t parts = std::size_t{1} << part_bits;
  std::vector<std::size_t> begins(parts + 1);
  for (const Rating& row : rows) ++begins[part_of(row) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  const auto dealt = std::make_unique_for_overwrite<Rating[]>(rows.size());
  std::vector<std::size_t> next(begins.begin(), begins.end() - 1);
  for (const Rating& row : rows) dealt[next[part_of(row)]++] = row;
  for (std::size_t p = 0; p < parts; ++p) {
    const std::size_t size = begins[p + 1] - begins[p];
    const std::span<Rating> part(dealt.get() + begins[p], size);
    const std::span<Rating> home = std::span(rows).subspan(begins[p], size);
    if (!sort_part(part, home, item_bits)) std::ranges::copy(part, home.begin());
  }
}

}  // namespace

void sort_by_pair(std::vector<Rating>& rows, std::uint32_t users, std::uint32_t items) {
  const int item_bits = std::bit_width(items - 1);
  const auto pair_of = [](const Rating& row) { return std::uint64_t{row.user} << 32 | row.item; };
  if (std::ranges::is_sorted(rows, {}, pair_of)) return;
  if (std::ranges::is_sorted(rows, {}, &Rating::user))
    sort_users(rows, item_bits);
  else
    sort_parts(rows, users, item_bits);
}

}  // namespace frugal::data
