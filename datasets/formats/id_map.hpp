// The ids that a file gives to its users and items, as dense indices.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace frugal::data {

/// Numbers by value, texts by their bytes, and the digits inside a text as a number: "7", "u2", "u10". Ids that differ
/// in leading zeros only come in order of their bytes. Does `a` come before `b`?
bool id_before(std::string_view a, std::string_view b);

/// Gives ids dense indices, in order of first appearance until sort(). An id is any text; decimal numbers of up to 64
/// bits without leading zeros cost neither a copy nor, while they are small for their count, a hash.
class IdMap {
 public:
  std::uint32_t index(std::string_view id) {
    std::uint64_t number = 0;
    if (!is_plain_number(id, number)) return text_index(id);
    if (number >= near_.size() && !reach(number)) return far_index(number);
    std::uint32_t& slot = near_[number];
    if (slot == absent) slot = add(number);
    return slot;
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }
  std::string name(std::uint32_t index) const;

  /// What sorts the ids as id_before(): rank[index]. Names then go by rank; index() must not be called any more.
  std::vector<std::uint32_t> sort();
  std::vector<std::string> names() const;

 private:
  static constexpr std::uint32_t absent = 0xffffffff;
  static constexpr std::uint64_t always_near = 1U << 20;
  static constexpr std::uint64_t slots_an_id = 32;  ///< a table of numbers may have so many times more slots than ids

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  /// The digits of a number of at most 19 digits, so below 2^64, and no leading zero.
  static bool is_plain_number(std::string_view id, std::uint64_t& number) {
    constexpr std::size_t most_digits = 19;
    if (id.empty() || id.size() > most_digits || (id[0] == '0' && id.size() > 1)) return false;
    for (const char c : id) {
      const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
      if (digit > 9) return false;
      number = 10 * number + digit;
    }
    return true;
  }

  std::uint32_t add(std::uint64_t number) {
    ids_.push_back(number);
    return size() - 1;
  }
  bool reach(std::uint64_t number);
  std::uint32_t far_index(std::uint64_t number);
  std::uint32_t text_index(std::string_view id);

  std::vector<std::uint32_t> near_;  ///< the index by number
  std::unordered_map<std::uint64_t, std::uint32_t> far_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> texts_;
  std::vector<std::uint64_t> ids_;           ///< by index: a number, or a place in text_of_
  std::vector<const std::string*> text_of_;  ///< by index; null: a number. Empty while all are numbers
};

}  // namespace frugal::data
