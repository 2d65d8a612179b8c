// bfloat16: the upper half of an fp32, eight bits of exponent and seven of mantissa.
//
// Always inlined, and nothing of std:: used: kernels are compiled once per instruction set and must not leave a copy
// that the linker could take for everybody.
#pragma once
#include <cstdint>

#include "impl/base/host_device.hpp"

namespace frugal {

/// x rounded to bf16, to nearest, ties to even; a NaN stays one (quiet, with the upper half of its bits), an infinity
/// stays, and what is beyond the largest bf16 becomes one.
[[gnu::always_inline]] FRUGAL_HOST_DEVICE inline std::uint16_t to_bf16(float x) {
  const auto bits = __builtin_bit_cast(std::uint32_t, x);
  const std::uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
  const std::uint32_t nan = bits >> 16 | 0x40U;
  return static_cast<std::uint16_t>(x == x ? rounded : nan);
}

/// The same number.
[[gnu::always_inline]] FRUGAL_HOST_DEVICE inline float from_bf16(std::uint16_t bits) {
  return __builtin_bit_cast(float, std::uint32_t{bits} << 16);
}

}  // namespace frugal
