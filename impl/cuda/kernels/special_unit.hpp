// The special function unit of a multiprocessor: fast, good to a few 2^-22 in its range, subnormal results are 0. The
// processor that stands for a device takes the library's functions.
#pragma once
#include <cmath>

#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda::special_unit {

#ifdef __CUDACC__
__device__ inline float sine(float x) { return __sinf(x); }
__device__ inline float cosine(float x) { return __cosf(x); }
__device__ inline float root(float x) {
  float y;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline float inverse(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline float exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline float log2(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
#else
inline float sine(float x) { return std::sin(x); }
inline float cosine(float x) { return std::cos(x); }
inline float root(float x) { return std::sqrt(x); }
inline float inverse(float x) { return 1 / x; }
inline float exp2(float x) { return std::exp2(x); }
inline float log2(float x) { return std::log2(x); }
#endif

}  // namespace frugal::cuda::special_unit
