// One register of floats, under the same names for both instruction sets, and what several kernels compute of one
// float. Only kernels include this: everything lives in the namespace of the instruction set the file is compiled for.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace frugal::cpu::FRUGAL_ISA {

inline float sum_of_eight(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#ifdef __AVX512F__
struct Lanes {
  static constexpr int width = 16;
  __m512 v;
};
inline Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, Lanes a) { _mm512_storeu_ps(p, a.v); }
inline Lanes broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline Lanes zero() { return {_mm512_setzero_ps()}; }
inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
/// a * b + c, rounded once.
inline Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
/// c - a * b, rounded once.
inline Lanes fnma(Lanes a, Lanes b, Lanes c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
/// Sum of the lanes, always by the same tree. (g++ 12 warns about _mm512_reduce_add_ps.)
inline float sum(Lanes a) {
  return sum_of_eight(_mm256_add_ps(__builtin_shufflevector(a.v, a.v, 0, 1, 2, 3, 4, 5, 6, 7),
                                    __builtin_shufflevector(a.v, a.v, 8, 9, 10, 11, 12, 13, 14, 15)));
}
/// Bit l is set when a[l] >= b[l]; false for NaN.
inline unsigned not_below(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ); }
#else
struct Lanes {
  static constexpr int width = 8;
  __m256 v;
};
inline Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline void store(float* p, Lanes a) { _mm256_storeu_ps(p, a.v); }
inline Lanes broadcast(float x) { return {_mm256_set1_ps(x)}; }
inline Lanes zero() { return {_mm256_setzero_ps()}; }
inline Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.v, b.v)}; }
/// a * b + c, rounded once.
inline Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
/// c - a * b, rounded once.
inline Lanes fnma(Lanes a, Lanes b, Lanes c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }
/// Sum of the lanes, always by the same tree.
inline float sum(Lanes a) { return sum_of_eight(a.v); }
/// Bit l is set when a[l] >= b[l]; false for NaN.
inline unsigned not_below(Lanes a, Lanes b) {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)));
}
#endif

/// exp(x) for x <= 0, relative error below 2e-7: x = n ln 2 + r, |r| <= ln(2) / 2, Taylor polynomial of degree 7 in r.
/// Below -87 it stays at exp(-87) = 2e-38. The rounding to n is by the magic constant 1.5 * 2^23, which vectorises. NaN
/// gives NaN.
inline float exp_not_positive(float x) {
  const float clamped = x < -87.F ? -87.F : x;
  constexpr float magic = 12582912.F;
  const float shifted = clamped * 1.44269504F + magic;
  const float n = shifted - magic;
  float r = __builtin_fmaf(n, -0.693145752F, clamped);  // ln 2 in two parts
  r = __builtin_fmaf(n, -1.42860677e-6F, r);
  float p = 1.F / 5040;
  p = __builtin_fmaf(p, r, 1.F / 720);
  p = __builtin_fmaf(p, r, 1.F / 120);
  p = __builtin_fmaf(p, r, 1.F / 24);
  p = __builtin_fmaf(p, r, 1.F / 6);
  p = __builtin_fmaf(p, r, 0.5F);
  p = __builtin_fmaf(p, r, 1.F);
  p = __builtin_fmaf(p, r, 1.F);
  // Unsigned, where shifting out the sign of a negative n, or all of a NaN, is defined.
  const std::uint32_t exponent = __builtin_bit_cast(std::uint32_t, shifted) - __builtin_bit_cast(std::uint32_t, magic);
  return p * __builtin_bit_cast(float, (exponent + 127U) << 23);
}

}  // namespace frugal::cpu::FRUGAL_ISA
