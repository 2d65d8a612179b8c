// Whole numbers in as few bytes as they need: seven bits a byte, the lowest first, the top bit set in all bytes but the
// last (LEB128).
#pragma once
#include <cstdint>
#include <vector>

namespace frugal {

/// Appends the bytes of `value`.
inline void put_varint(std::vector<std::uint8_t>& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<std::uint8_t>(value | 0x80));
  to.push_back(static_cast<std::uint8_t>(value));
}

/// Reads one and moves on. The bytes are those of put_varint(): nothing is checked.
inline std::uint64_t take_varint(const std::uint8_t*& from) {
  std::uint64_t value = *from++;
  if (value < 0x80) return value;
  value &= 0x7f;
  for (int shift = 7;; shift += 7) {
    const std::uint64_t byte = *from++;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/// Bytes that put_varint() takes.
inline int varint_bytes(std::uint64_t value) {
  int bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

/// 0, -1, 1, -2, ... as 0, 1, 2, 3, ...: small steps either way stay small.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
/// The inverse of zigzag().
constexpr std::int64_t unzigzag(std::uint64_t code) {
  return static_cast<std::int64_t>(code >> 1) ^ -static_cast<std::int64_t>(code & 1);
}

}  // namespace frugal
