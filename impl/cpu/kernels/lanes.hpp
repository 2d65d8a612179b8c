// One register of floats, under the same names for both instruction sets, and what several kernels compute of one
// float. Only kernels include this: everything lives in the namespace of the instruction set the file is compiled for,
// whose registers hold FRUGAL_LANES floats.
#pragma once
#include <immintrin.h>

#include <cstdint>

#include "impl/common/polynomials.hpp"

namespace frugal::cpu::FRUGAL_ISA {

inline float sum_of_eight(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#if FRUGAL_LANES == 16
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
inline Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
/// x in the first lane, 0 in the others.
inline Lanes first_lane(float x) { return {_mm512_zextps128_ps512(_mm_set_ss(x))}; }
/// The first eight lanes; eight as the first lanes, the others undefined.
inline __m256 first_eight(Lanes a) { return _mm512_castps512_ps256(a.v); }
inline Lanes from_eight(__m256 a) { return {_mm512_castps256_ps512(a)}; }
/// a * b + c, rounded once.
inline Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
/// c - a * b, rounded once.
inline Lanes fnma(Lanes a, Lanes b, Lanes c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
/// The lanes added in pairs that are half a register apart.
inline __m256 fold_to_eight(Lanes a) {
  return _mm256_add_ps(__builtin_shufflevector(a.v, a.v, 0, 1, 2, 3, 4, 5, 6, 7),
                       __builtin_shufflevector(a.v, a.v, 8, 9, 10, 11, 12, 13, 14, 15));
}
/// Sum of the lanes, always by the same tree. (g++ 12 warns about _mm512_reduce_add_ps.)
inline float sum(Lanes a) { return sum_of_eight(fold_to_eight(a)); }
/// Bit l is set when a[l] >= b[l]; false for NaN.
inline unsigned not_below(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ); }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
/// The larger; b where either is NaN.
inline Lanes max(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Lanes absolute(Lanes a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.F), a.v)}; }
inline Lanes exclusive_or(Lanes a, Lanes b) {
  return {_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a.v), _mm512_castps_si512(b.v)))};
}
/// To the nearest integer, ties to even.
inline Lanes round(Lanes a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
/// a, negated where the integer n is odd. |n| < 2^22; beyond, the sign is anyone's.
inline Lanes negate_odd(Lanes a, Lanes n) {
  const __m512i parity = _mm512_slli_epi32(_mm512_castps_si512(_mm512_add_ps(n.v, _mm512_set1_ps(0x1.8p23F))), 31);
  return {_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a.v), parity))};
}
/// 1 where a > 0, else 0.
inline Lanes positive(Lanes a) {
  return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, _mm512_setzero_ps(), _CMP_GT_OQ), _mm512_set1_ps(1.F))};
}
/// a * 2^n for an integer n in [-126, 127].
inline Lanes times_power_of_two(Lanes a, Lanes n) { return {_mm512_scalef_ps(a.v, n.v)}; }
/// The first `count` lanes, 0 in the others.
inline Lanes first_lanes(Lanes a, long count) {
  return {_mm512_maskz_mov_ps(static_cast<__mmask16>((1U << count) - 1), a.v)};
}
/// 1 / sqrt(a) to 14 bits; the same ones on processors of AMD (Zen 4) and Intel (Xeon), as measured.
inline Lanes reciprocal_root_estimate(Lanes a) { return {_mm512_rsqrt14_ps(a.v)}; }
/// to[j * to_stride + i] = from[i * from_stride + j] for i, j below Lanes::width.
inline void transpose(const float* from, long from_stride, float* to, long to_stride) {
  __m512 r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(from + i * from_stride);
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512d a = _mm512_castps_pd(t[4 * i]), b = _mm512_castps_pd(t[4 * i + 2]);
    const __m512d c = _mm512_castps_pd(t[4 * i + 1]), d = _mm512_castps_pd(t[4 * i + 3]);
    r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
    r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
    r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    _mm512_storeu_ps(to + i * to_stride, _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88));
    _mm512_storeu_ps(to + (8 + i) * to_stride, _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd));
  }
}
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
inline Lanes operator/(Lanes a, Lanes b) { return {_mm256_div_ps(a.v, b.v)}; }
/// x in the first lane, 0 in the others.
inline Lanes first_lane(float x) { return {_mm256_zextps128_ps256(_mm_set_ss(x))}; }
inline __m256 first_eight(Lanes a) { return a.v; }
inline Lanes from_eight(__m256 a) { return {a}; }
inline __m256 fold_to_eight(Lanes a) { return a.v; }
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
inline Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.v, b.v)}; }
/// The larger; b where either is NaN.
inline Lanes max(Lanes a, Lanes b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Lanes absolute(Lanes a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.F), a.v)}; }
inline Lanes exclusive_or(Lanes a, Lanes b) { return {_mm256_xor_ps(a.v, b.v)}; }
/// To the nearest integer, ties to even.
inline Lanes round(Lanes a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
/// a, negated where the integer n is odd. |n| < 2^22; beyond, the sign is anyone's.
inline Lanes negate_odd(Lanes a, Lanes n) {
  const __m256i parity = _mm256_slli_epi32(_mm256_castps_si256(_mm256_add_ps(n.v, _mm256_set1_ps(0x1.8p23F))), 31);
  return {_mm256_castsi256_ps(_mm256_xor_si256(_mm256_castps_si256(a.v), parity))};
}
/// 1 where a > 0, else 0.
inline Lanes positive(Lanes a) {
  return {_mm256_and_ps(_mm256_cmp_ps(a.v, _mm256_setzero_ps(), _CMP_GT_OQ), _mm256_set1_ps(1.F))};
}
/// a * 2^n for an integer n in [-126, 127].
inline Lanes times_power_of_two(Lanes a, Lanes n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(_mm256_add_ps(n.v, _mm256_set1_ps(127.F))), 23);
  return {_mm256_mul_ps(a.v, _mm256_castsi256_ps(exponent))};
}
/// The first `count` lanes, 0 in the others.
inline Lanes first_lanes(Lanes a, long count) {
  const __m256 lane = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm256_and_ps(a.v, _mm256_cmp_ps(lane, _mm256_set1_ps(static_cast<float>(count)), _CMP_LT_OQ))};
}
/// 1 / sqrt(a) to 17 bits, for normal numbers: half the exponent, and two Newton steps from there (Lomont 2003, "Fast inverse
/// square root"). VRSQRTPS has other bits on AMD's processors than on Intel's.
inline Lanes reciprocal_root_estimate(Lanes a) {
  const __m256i first = _mm256_sub_epi32(_mm256_set1_epi32(0x5f375a86), _mm256_srli_epi32(_mm256_castps_si256(a.v), 1));
  const Lanes half = a * broadcast(0.5F);
  Lanes root{_mm256_castsi256_ps(first)};
  for (int step = 0; step < 2; ++step) root = root * fnma(half * root, root, broadcast(1.5F));
  return root;
}
/// to[j * to_stride + i] = from[i * from_stride + j] for i, j below Lanes::width.
inline void transpose(const float* from, long from_stride, float* to, long to_stride) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(from + i * from_stride);
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * to_stride, _mm256_permute2f128_ps(r[i], r[4 + i], 0x20));
    _mm256_storeu_ps(to + (4 + i) * to_stride, _mm256_permute2f128_ps(r[i], r[4 + i], 0x31));
  }
}
#endif

/// m / (2 sqrt(x) + twice_epsilon), relative error below 4 eps, for x >= 0. The root is a Newton step on its estimate:
/// the unit that divides would be busy with an exact one for as long again. x below 1e-36 counts as that.
inline Lanes over_twice_root(Lanes m, Lanes x, Lanes twice_epsilon) {
  const Lanes square = max(broadcast(1e-36F), x);
  const Lanes estimate = reciprocal_root_estimate(square);
  const Lanes root = square * estimate;
  return m / fma(root, fnma(root, estimate, broadcast(3.F)), twice_epsilon);
}

/// Lane l is the sum of the lanes of a[l], always by the same tree; lanes beyond the eighth are undefined.
inline Lanes sums_of_eight(const Lanes* a) {
  const auto pairs = [a](int i) {  // sums of two lanes, of a[i] and a[i + 1] in turn
    const __m256 even = fold_to_eight(a[i]), odd = fold_to_eight(a[i + 1]);
    return _mm256_add_ps(_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
  };
  const auto fours = [&](int i) {  // sums of four lanes, of a[i] ... a[i + 3] in turn
    const __m256 low = pairs(i), high = pairs(i + 2);
    return _mm256_add_ps(_mm256_shuffle_ps(low, high, 0x44), _mm256_shuffle_ps(low, high, 0xee));
  };
  const __m256 low = fours(0), high = fours(4);
  return from_eight(_mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31)));
}

/// exp(x) for x <= 0: impl/common/polynomials.hpp has the error. Below exponential::least it stays at that one's. NaN
/// gives NaN.
inline Lanes exp_not_positive(Lanes x) {
  namespace e = exponential;
  const Lanes clamped = max(broadcast(e::least), x);
  const Lanes n = round(clamped * broadcast(e::log2_e));
  const Lanes r = fnma(n, broadcast(e::ln2_low), fnma(n, broadcast(e::ln2_high), clamped));
  Lanes p = broadcast(e::power7);
  p = fma(p, r, broadcast(e::power6));
  p = fma(p, r, broadcast(e::power5));
  p = fma(p, r, broadcast(e::power4));
  p = fma(p, r, broadcast(e::power3));
  p = fma(p, r, broadcast(e::power2));
  p = fma(p, r, broadcast(e::power1));
  p = fma(p, r, broadcast(e::power0));
  return times_power_of_two(p, n);
}

struct SineCosine {
  Lanes sine;
  Lanes cosine;
};

/// sin(pi u) and cos(pi u) for |u| < 2^22 (beyond, u is an integer or close to one, and the sign is anyone's); NaN for
/// what has no sine. impl/common/polynomials.hpp has the errors.
inline SineCosine sine_cosine_pi(Lanes u) {
  const Lanes n = round(u);
  const Lanes r = u - n;
  const Lanes z = r * r;
  namespace s = sine_of_half_turns;
  Lanes p = broadcast(s::power9);
  p = fma(p, z, broadcast(s::power7));
  p = fma(p, z, broadcast(s::power5));
  p = fma(p, z, broadcast(s::power3));
  p = fma(p, z, broadcast(s::power1));
  namespace k = cosine_of_half_turns;
  Lanes c = broadcast(k::power10);
  c = fma(c, z, broadcast(k::power8));
  c = fma(c, z, broadcast(k::power6));
  c = fma(c, z, broadcast(k::power4));
  c = fma(c, z, broadcast(k::power2));
  c = fma(c, z, broadcast(k::power0));
  return {negate_odd(p * r, n), negate_odd(c, n)};
}

/// The same of one value, for loops that the compiler makes vectors of: the rounding to n is by the magic constant
/// 1.5 * 2^23.
inline float exp_not_positive(float x) {
  namespace e = exponential;
  const float clamped = x < e::least ? e::least : x;
  constexpr float magic = 12582912.F;
  const float shifted = clamped * e::log2_e + magic;
  const float n = shifted - magic;
  const float r = __builtin_fmaf(n, -e::ln2_low, __builtin_fmaf(n, -e::ln2_high, clamped));
  float p = e::power7;
  p = __builtin_fmaf(p, r, e::power6);
  p = __builtin_fmaf(p, r, e::power5);
  p = __builtin_fmaf(p, r, e::power4);
  p = __builtin_fmaf(p, r, e::power3);
  p = __builtin_fmaf(p, r, e::power2);
  p = __builtin_fmaf(p, r, e::power1);
  p = __builtin_fmaf(p, r, e::power0);
  // Unsigned, where shifting out the sign of a negative n, or all of a NaN, is defined.
  const std::uint32_t exponent = __builtin_bit_cast(std::uint32_t, shifted) - __builtin_bit_cast(std::uint32_t, magic);
  return p * __builtin_bit_cast(float, (exponent + 127U) << 23);
}

}  // namespace frugal::cpu::FRUGAL_ISA
