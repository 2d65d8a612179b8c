// The ids that a file gives to its users and items, as dense indices.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/index_table.hpp"

namespace frugal::data {

/// Numbers by value, texts by their bytes, and the digits inside a text as a number: "7", "u2", "u10". Ids that differ
/// in leading zeros only come in order of their bytes. Does `a` come before `b`?
bool id_before(std::string_view a, std::string_view b);

/// An id as a file has it: a plain number, of up to 64 bits without leading zeros (19 digits at most), or any other text.
struct RawId {
  explicit RawId(std::uint64_t plain) : number(plain), is_number(true) {}
  RawId(std::string_view id) : text(id), is_number(read_number(id, number)) {
    if (!is_number) number = std::hash<std::string_view>()(id);
  }

  std::string_view text{};
  std::uint64_t number = 0;  ///< of a text its hash
  bool is_number;

 private:
  static bool read_number(std::string_view id, std::uint64_t& number) {
    constexpr std::size_t most_digits = 19;
    if (id.empty() || id.size() > most_digits || (id[0] == '0' && id.size() > 1)) return false;
    for (const char c : id) {
      const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
      if (digit > 9) return false;
      number = 10 * number + digit;
    }
    return true;
  }
};

/// Gives ids dense indices, in order of first appearance until sort(). Plain numbers cost neither a copy nor, while they
/// are small for their count, a hash.
class IdMap {
 public:
  std::uint32_t index(const RawId& id) {
    if (!id.is_number) return text_index(id);
    if (id.number >= near_.size() && !reach(id.number)) return far_index(id.number);
    std::uint32_t& slot = near_[id.number];
    if (slot == absent) slot = add(id.number);
    return slot;
  }
  std::uint32_t index(std::string_view id) { return index(RawId(id)); }

  /// Asks memory for what index() will look at.
  void prefetch(const RawId& id) const {
    if (!id.is_number)
      texts_.prefetch(id.number);
    else if (id.number < near_.size())
      __builtin_prefetch(&near_[id.number]);
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
  static constexpr int length_bits = 24;            ///< a place in bytes_: where it begins, and its length

  std::uint32_t add(std::uint64_t id) {
    ids_.push_back(id);
    return size() - 1;
  }
  bool is_text(std::uint32_t index) const { return index < is_text_.size() && is_text_[index]; }
  std::string_view text_at(std::uint64_t place) const {
    return {bytes_.data() + (place >> length_bits), place & ((std::uint64_t{1} << length_bits) - 1)};
  }
  bool reach(std::uint64_t number);
  std::uint32_t far_index(std::uint64_t number);
  std::uint32_t text_index(const RawId& id);
  std::vector<std::uint32_t> order_of_numbers() const;
  std::vector<std::uint32_t> order_of_texts() const;

  std::vector<std::uint32_t> near_;  ///< the index by number
  IndexTable far_;                   ///< of other numbers
  IndexTable texts_;
  std::vector<std::uint64_t> ids_;  ///< by index: a number, or a place in bytes_
  std::vector<bool> is_text_;       ///< by index; those beyond its end are numbers
  std::vector<char> bytes_;         ///< of all texts, one after the other
  std::uint32_t last_text_ = 0;     ///< of text_index(): files are in order of the users, as a rule
};

}  // namespace frugal::data
