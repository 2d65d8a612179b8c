// IEEE half precision (binary16) by its bits: for what is stored in it, and for the processor that stands for a device.
// Kernels of a device convert by an instruction.
#pragma once
#include <bit>
#include <cstdint>

namespace frugal {

/// x rounded to fp16, to nearest, ties to even; beyond the largest an infinity, a NaN stays one.
inline std::uint16_t to_fp16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const std::uint32_t size = bits & 0x7fffffffU;
  std::uint32_t half = 0;
  if (size > 0x7f800000U)
    half = 0x7fffU;
  else if (size >= 0x477ff000U)  // 65520, from where the largest is no longer the nearest
    half = 0x7c00U;
  else if (size < 0x38800000U)  // below 2^-14 the steps are 2^-24, as those of fp32 around 1/2
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) - 0x3f000000U;
  else
    half = (size + 0xfffU + (size >> 13 & 1U) - (112U << 23)) >> 13;
  return static_cast<std::uint16_t>(sign | half);
}

/// The same number.
inline float from_fp16(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t size = (half & 0x7fffU) << 13;
  // Subnormal numbers come out of the product with the exponents' difference as any other.
  const float value =
      (half & 0x7c00U) == 0x7c00U ? std::bit_cast<float>(size + (224U << 23)) : std::bit_cast<float>(size) * 0x1p+112F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

/// x as fp16 holds it.
inline float rounded_to_fp16(float x) { return from_fp16(to_fp16(x)); }

}  // namespace frugal
