#include "datasets/formats/id_map.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
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

std::uint64_t hash_of_text(std::string_view text) {
  static_assert(sizeof(std::size_t) == sizeof(std::uint64_t));
  return std::hash<std::string_view>()(text);
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

std::uint32_t IdMap::text_index(std::string_view id) {
  const std::uint32_t fresh = size();
  const std::uint32_t index =
      texts_.find_or_add(hash_of_text(id), fresh, [&](std::uint32_t other) { return text_at(ids_[other]) == id; });
  if (index != fresh) return index;
  assert(id.size() < (std::size_t{1} << length_bits) && "no line is that long");
  const std::uint64_t place = bytes_.size() << length_bits | id.size();
  bytes_.insert(bytes_.end(), id.begin(), id.end());
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

std::vector<std::uint32_t> IdMap::sort() {
  std::vector<std::uint32_t> order(ids_.size());
  std::iota(order.begin(), order.end(), 0U);
  if (texts_.empty()) {
    std::ranges::sort(order, {}, [&](std::uint32_t index) { return ids_[index]; });
  } else {
    const std::vector<std::string> all = names();
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return id_before(all[a], all[b]); });
    is_text_.resize(ids_.size());
  }
  std::vector<std::uint32_t> rank(ids_.size());
  for (std::uint32_t place = 0; place < order.size(); ++place) rank[order[place]] = place;
  const auto reordered = [&](const auto& values) {
    std::remove_cvref_t<decltype(values)> result;
    result.reserve(values.size());
    for (const std::uint32_t index : order) result.push_back(values[index]);
    return result;
  };
  ids_ = reordered(ids_);
  if (!is_text_.empty()) is_text_ = reordered(is_text_);
  near_ = {};
  far_ = {};
  return rank;
}

}  // namespace frugal::data
