#include "datasets/formats/id_map.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>
#include <type_traits>

#include "impl/base/hash.hpp"

namespace frugal::data {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The digits that `text` begins with; without their leading zeros.
std::string_view take_digits(std::string_view& text) {
  const std::size_t length = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

/// Of two ids with different keys id_before() puts first the one with the lower key. A run of digits becomes '0', how
/// many there are without leading zeros, and these; what follows the first 16 bytes does not count.
using SortKey = std::array<std::uint64_t, 2>;
SortKey sort_key(std::string_view id) {
  SortKey key{};
  std::size_t count = 0;
  const auto add = [&](char byte) {
    if (count < 16) key[count / 8] |= std::uint64_t{static_cast<unsigned char>(byte)} << (56 - 8 * (count % 8));
    ++count;
  };
  while (!id.empty() && count < 16) {
    if (is_digit(id[0])) {
      const std::string_view digits = take_digits(id);
      add('0');
      if (digits.size() >= 255) {  // id_before() will tell
        add('\xff');
        break;
      }
      add(static_cast<char>(digits.size()));
      for (const char digit : digits) add(digit);
    } else {
      add(id[0]);
      id.remove_prefix(1);
    }
  }
  return key;
}

}  // namespace

bool id_before(std::string_view a, std::string_view b) {
  std::string_view rest_a = a, rest_b = b;
  while (!rest_a.empty() && !rest_b.empty()) {
    if (is_digit(rest_a[0]) && is_digit(rest_b[0])) {
      const std::string_view digits_a = take_digits(rest_a), digits_b = take_digits(rest_b);
      if (digits_a.size() != digits_b.size()) return digits_a.size() < digits_b.size();
      if (digits_a != digits_b) return digits_a < digits_b;
      continue;
    }
    const auto byte_a = static_cast<unsigned char>(rest_a[0]), byte_b = static_cast<unsigned char>(rest_b[0]);
    if (byte_a != byte_b) return byte_a < byte_b;
    rest_a.remove_prefix(1);
    rest_b.remove_prefix(1);
  }
  if (rest_a.empty() != rest_b.empty()) return rest_a.empty();
  return a < b;
}

/// Makes the table of numbers longer where that pays; false when `number` is too far out.
bool IdMap::reach(std::uint64_t number) {
  if (number >= std::max(always_near, slots_an_id * ids_.size())) return false;
  near_.resize(number + number / 2 + 1, absent);
  for (std::uint32_t index = 0; index < size(); ++index)
    if (!is_text(index) && ids_[index] < near_.size()) near_[ids_[index]] = index;
  return true;
}

std::uint32_t IdMap::far_index(std::uint64_t number) {
  const std::uint32_t fresh = size();
  const std::uint32_t index =
      far_.find_or_add(hash_with(0, number), fresh, [&](std::uint32_t other) { return ids_[other] == number; });
  return index == fresh ? add(number) : index;
}

std::uint32_t IdMap::text_index(const RawId& id) {
  if (is_text(last_text_) && text_at(ids_[last_text_]) == id.text) return last_text_;
  const std::uint32_t fresh = size();
  last_text_ =
      texts_.find_or_add(id.number, fresh, [&](std::uint32_t other) { return text_at(ids_[other]) == id.text; });
  if (last_text_ != fresh) return last_text_;
  assert(id.text.size() < (std::size_t{1} << length_bits) && "no line is that long");
  const std::uint64_t place = bytes_.size() << length_bits | id.text.size();
  bytes_.insert(bytes_.end(), id.text.begin(), id.text.end());
  is_text_.resize(ids_.size());
  is_text_.push_back(true);
  return add(place);
}

std::string IdMap::name(std::uint32_t index) const {
  return is_text(index) ? std::string(text_at(ids_[index])) : std::to_string(ids_[index]);
}

std::vector<std::string> IdMap::names() const {
  std::vector<std::string> result;
  result.reserve(ids_.size());
  for (std::uint32_t index = 0; index < size(); ++index) result.push_back(name(index));
  return result;
}

std::vector<std::uint32_t> IdMap::order_of_numbers() const {
  std::vector<std::uint32_t> order(ids_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t index) { return ids_[index]; });
  return order;
}

std::vector<std::uint32_t> IdMap::order_of_texts() const {
  struct Entry {
    SortKey key;
    std::uint32_t index;
  };
  std::vector<Entry> entries;
  entries.reserve(ids_.size());
  for (std::uint32_t index = 0; index < size(); ++index) entries.push_back({sort_key(name(index)), index});
  std::ranges::sort(entries, [&](const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key < b.key : id_before(name(a.index), name(b.index));
  });
  std::vector<std::uint32_t> order;
  order.reserve(ids_.size());
  for (const Entry& entry : entries) order.push_back(entry.index);
  return order;
}

std::vector<std::uint32_t> IdMap::sort() {
  const std::vector<std::uint32_t> order = texts_.empty() ? order_of_numbers() : order_of_texts();
  std::vector<std::uint32_t> rank(ids_.size());
  for (std::uint32_t place = 0; place < order.size(); ++place) rank[order[place]] = place;
  const auto reordered = [&](const auto& values) {
    std::remove_cvref_t<decltype(values)> result;
    result.reserve(values.size());
    for (const std::uint32_t index : order) result.push_back(values[index]);
    return result;
  };
  ids_ = reordered(ids_);
  is_text_.resize(texts_.empty() ? 0 : ids_.size());
  if (!is_text_.empty()) is_text_ = reordered(is_text_);
  near_ = {};
  far_ = {};
  return rank;
}

}  // namespace frugal::data
