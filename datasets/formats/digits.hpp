// Digits and the ends of fields, eight bytes at a time (D. Lemire, "Quickly parsing eight digits", 2018).
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace frugal::data {

static_assert(std::endian::native == std::endian::little, "the first byte of a word is its lowest");

inline std::uint64_t eight_bytes(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// 10^0 to 10^16.
inline constexpr std::array<std::uint64_t, 17> powers_of_ten = [] {
  std::array<std::uint64_t, 17> powers{1};
  for (std::size_t k = 1; k < powers.size(); ++k) powers[k] = 10 * powers[k - 1];
  return powers;
}();

struct Digits {
  std::uint64_t value;
  std::size_t count;  ///< 0 to 16
};

/// The digits that a text begins with, the first 16 at most. Looks at 16 bytes, whatever they are.
[[gnu::always_inline]] inline Digits leading_digits(const char* at) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  // Of a byte of 0 to 9, 0x76 makes no more than 0x7f; nothing is carried as long as no other byte was met.
  const auto others = [](std::uint64_t word) { return ((word + 0x76 * ones) | word) & 0x80 * ones; };
  // Pairs, fours, eights. The first digit is the lowest byte and counts most.
  const auto value_of = [](std::uint64_t digits) {
    digits = (digits * 0xa01) >> 8;
    digits = ((digits & 0x00ff00ff00ff00ff) * 0x640001) >> 16;
    return ((digits & 0x0000ffff0000ffff) * 0x271000000001) >> 32;
  };
  const std::uint64_t first = eight_bytes(at) ^ '0' * ones;
  if (const std::uint64_t marks = others(first); marks != 0) {
    const auto count = static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    if (count == 0) return {0, 0};
    return {value_of(first << (64 - 8 * count)), count};
  }
  const std::uint64_t second = eight_bytes(at + 8) ^ '0' * ones;
  const std::uint64_t marks = others(second);
  const std::size_t count = marks == 0 ? 8 : static_cast<std::size_t>(std::countr_zero(marks)) / 8;
  const std::uint64_t rest = count == 0 ? 0 : value_of(second << (64 - 8 * count));
  return {value_of(first) * powers_of_ten[count] + rest, 8 + count};
}

/// Finds the first of four bytes, which may be equal.
class ByteFinder {
 public:
  ByteFinder(char a, char b, char c, char d) : bytes_{repeated(a), repeated(b), repeated(c), repeated(d)} {}

  /// In a text that holds one of them. Looks at up to 7 bytes behind it.
  const char* find(const char* at) const {
    for (;; at += 8) {
      const std::uint64_t word = eight_bytes(at);
      const std::uint64_t marks =
          zeros(word ^ bytes_[0]) | zeros(word ^ bytes_[1]) | zeros(word ^ bytes_[2]) | zeros(word ^ bytes_[3]);
      if (marks != 0) return at + std::countr_zero(marks) / 8;
    }
  }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101;

  static std::uint64_t repeated(char byte) { return ones * static_cast<unsigned char>(byte); }
  /// The highest bit of each byte that is 0, and maybe of bytes above the first of them.
  static std::uint64_t zeros(std::uint64_t word) { return (word - ones) & ~word & (0x80 * ones); }

  std::array<std::uint64_t, 4> bytes_;
};

}  // namespace frugal::data
