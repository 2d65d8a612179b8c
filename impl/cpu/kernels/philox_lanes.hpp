// Philox4x32-10 on several counters at once; see impl/base/philox.hpp.
//
// Each counter word stands in the lower half of a 64-bit lane, where one instruction gives both halves of its product.
// What gathers in the upper halves is never read: a product takes lower halves only.
#pragma once
#include <immintrin.h>

#include <cstdint>

#include "impl/cpu/kernels/philox_stream.hpp"

namespace frugal::cpu::FRUGAL_ISA {

#if FRUGAL_LANES == 16
struct Words {
  static constexpr int count = 8;
  __m512i v;
};
inline Words load_words(const std::uint64_t* p) { return {_mm512_loadu_si512(p)}; }
inline Words broadcast_word(std::uint32_t x) { return {_mm512_set1_epi64(x)}; }
inline Words operator*(Words a, Words b) { return {_mm512_mul_epu32(a.v, b.v)}; }
inline Words operator^(Words a, Words b) { return {_mm512_xor_si512(a.v, b.v)}; }
inline Words upper(Words a) { return {_mm512_srli_epi64(a.v, 32)}; }
/// The upper halves of a, b, c, d by lane: a[0] b[0] c[0] d[0] a[1] ...
inline void store_upper(Words a, Words b, Words c, Words d, std::uint32_t* to) {
  const __m512i ab = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(a.v, 32), b.v);
  const __m512i cd = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(c.v, 32), d.v);
  const __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
  const __m512i second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  _mm512_storeu_si512(to, _mm512_permutex2var_epi64(ab, first, cd));
  _mm512_storeu_si512(to + 16, _mm512_permutex2var_epi64(ab, second, cd));
}
#else
struct Words {
  static constexpr int count = 4;
  __m256i v;
};
inline Words load_words(const std::uint64_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
inline Words broadcast_word(std::uint32_t x) { return {_mm256_set1_epi64x(x)}; }
inline Words operator*(Words a, Words b) { return {_mm256_mul_epu32(a.v, b.v)}; }
inline Words operator^(Words a, Words b) { return {_mm256_xor_si256(a.v, b.v)}; }
inline Words upper(Words a) { return {_mm256_srli_epi64(a.v, 32)}; }
/// The upper halves of a, b, c, d by lane: a[0] b[0] c[0] d[0] a[1] ...
inline void store_upper(Words a, Words b, Words c, Words d, std::uint32_t* to) {
  const __m256i ab = _mm256_blend_epi32(_mm256_srli_epi64(a.v, 32), b.v, 0xaa);
  const __m256i cd = _mm256_blend_epi32(_mm256_srli_epi64(c.v, 32), d.v, 0xaa);
  const __m256i even = _mm256_unpacklo_epi64(ab, cd);
  const __m256i odd = _mm256_unpackhi_epi64(ab, cd);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), _mm256_permute2x128_si256(even, odd, 0x31));
}
#endif

/// to[4 i + w] = Philox::scale(word w of block(blocks[i]) of the stream, below) for i < count, a multiple of 8.
inline void philox_below(PhiloxStream from, std::uint32_t below, const std::uint64_t* blocks, long count,
                         std::uint32_t* to) {
  const Words first_factor = broadcast_word(0xD2511F53U), second_factor = broadcast_word(0xCD9E8D57U);
  const Words factor = broadcast_word(below);
  for (long i = 0; i < count; i += Words::count) {
    Words c0 = load_words(blocks + i), c1 = upper(c0);
    Words c2 = broadcast_word(from.stream), c3 = broadcast_word(from.purpose);
    std::uint32_t k0 = static_cast<std::uint32_t>(from.seed), k1 = static_cast<std::uint32_t>(from.seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const Words p0 = c0 * first_factor, p1 = c2 * second_factor;
      c0 = upper(p1) ^ (c1 ^ broadcast_word(k0));
      c1 = p1;
      c2 = upper(p0) ^ (c3 ^ broadcast_word(k1));
      c3 = p0;
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    store_upper(c0 * factor, c1 * factor, c2 * factor, c3 * factor, to + 4 * i);
  }
}

}  // namespace frugal::cpu::FRUGAL_ISA
