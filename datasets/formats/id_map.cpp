#include "datasets/formats/id_map.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>

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
  std::erase_if(far_, [&](const auto& entry) {
    if (entry.first >= near_.size()) return false;
    near_[entry.first] = entry.second;
    return true;
  });
  return true;
}

std::uint32_t IdMap::far_index(std::uint64_t number) {
  const auto [slot, fresh] = far_.try_emplace(number, size());
  if (fresh) add(number);
  return slot->second;
}

std::uint32_t IdMap::text_index(std::string_view id) {
  if (const auto found = texts_.find(id); found != texts_.end()) return found->second;
  const auto slot = texts_.emplace(id, size()).first;
  text_of_.resize(ids_.size());
  text_of_.push_back(&slot->first);
  return add(0);
}

std::string IdMap::name(std::uint32_t index) const {
  if (index < text_of_.size() && text_of_[index]) return *text_of_[index];
  return std::to_string(ids_[index]);
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
    text_of_.resize(ids_.size());
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
  if (!text_of_.empty()) text_of_ = reordered(text_of_);
  near_ = {};
  far_ = {};
  return rank;
}

}  // namespace frugal::data
