// What tensor cores read, made from fp32. Host code may include this.
#pragma once
#include <bit>
#include <cstdint>

#include "impl/common/bf16.hpp"
#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// To the 10 bits of mantissa of tf32, ties away from 0 (cvt.rna.tf32.f32). A NaN is cut, not rounded: the one that a
/// device makes, 0x7fffffff, would become -0.
inline __host__ __device__ float to_tf32(float x) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + (x == x ? 0x1000U : 0U)) & 0xffffe000U);
}

namespace tensor_core {

inline __device__ std::uint32_t pack_bf16(float low, float high) {
  return std::uint32_t{to_bf16(low)} | std::uint32_t{to_bf16(high)} << 16;
}

}  // namespace tensor_core

}  // namespace frugal::cuda
