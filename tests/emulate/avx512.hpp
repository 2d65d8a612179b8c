// AVX-512 for kernels that are compiled for AVX2 (FRUGAL_EMULATE_AVX512): Intel's names stand for SIMDe's functions, and
// for those below where SIMDe lacks one or rounds otherwise than the processor. The compiler includes this before the
// first line of such a source. What each must do is in Intel's Software Developer's Manual, volume 2, under the name of
// the instruction; tests/emulate/native_bits_test.cpp holds them against a processor that has it.
#pragma once
#include <immintrin.h>  // before SIMDe, which then uses the compiler's types
#include <stdint.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#define FRUGAL_EMULATED  // a register of 16 floats is none of the processor's

// Of the long ones each is a call: inlined, products of many registers would take minutes to compile.
namespace frugal::emulated {

/// A register as four of a quarter.
struct Quarters {
  __m128 quarter[4];
};

/// VSHUFF32X4, VSHUFI64X2: two quarters of a and then two of b, each chosen by two bits.
template <class Register>
inline Register shuffle_quarters(Register a, Register b, unsigned chosen) {
  const auto from_a = __builtin_bit_cast(Quarters, a), from_b = __builtin_bit_cast(Quarters, b);
  return __builtin_bit_cast(Register, (Quarters{{from_a.quarter[chosen & 3U], from_a.quarter[chosen >> 2 & 3U],
                                                 from_b.quarter[chosen >> 4 & 3U], from_b.quarter[chosen >> 6 & 3U]}}));
}

inline __m512 extended(__m128 a) {
  const __m128 zero = _mm_setzero_ps();
  return __builtin_bit_cast(__m512, (Quarters{{a, zero, zero, zero}}));
}

/// VRSQRT14PS: relative error below 2^-14. Its bits are the processor's own: here the root's, of which 14 are left, so
/// that a kernel that forgets to refine the estimate is as wrong as there.
[[gnu::noinline]] inline __m512 root_estimate(__m512 a) {
  for (int i = 0; i < 16; ++i) {
    const float root = 1.F / __builtin_sqrtf(a[i]);
    a[i] = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, root) & ~0x1ffU);
  }
  return a;
}

/// Denormals count as 0, with their sign.
inline float without_denormal(float x) {
  const auto bits = __builtin_bit_cast(uint32_t, x);
  return (bits & 0x7f800000U) == 0 ? __builtin_bit_cast(float, bits & 0x80000000U) : x;
}

/// To bf16, to nearest, ties to even; a NaN stays one, quiet.
inline uint16_t rounded(float x) {
  const auto bits = __builtin_bit_cast(uint32_t, without_denormal(x));
  const uint32_t nearest = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
  return static_cast<uint16_t>(x == x ? nearest : bits >> 16 | 0x40U);
}

struct Words {
  uint16_t word[32];
};

/// VCVTNE2PS2BF16: b in the lower half.
[[gnu::noinline]] inline __m512bh rounded_pair(__m512 a, __m512 b) {
  Words to;
  for (int i = 0; i < 16; ++i) {
    to.word[i] = rounded(b[i]);
    to.word[16 + i] = rounded(a[i]);
  }
  return __builtin_bit_cast(__m512bh, to);
}

/// VDPBF16PS: of each pair the second product is added first; each sum is rounded to nearest, ties to even. Denormals
/// are 0 in operands and results.
[[gnu::noinline]] inline __m512 pair_products(__m512 sum, __m512bh a, __m512bh b) {
  const auto of_a = __builtin_bit_cast(Words, a), of_b = __builtin_bit_cast(Words, b);
  const auto operand = [](uint16_t word) {
    return without_denormal(__builtin_bit_cast(float, static_cast<uint32_t>(word) << 16));
  };
  for (int i = 0; i < 16; ++i) {
    float value = without_denormal(sum[i]);
    for (int half = 1; half >= 0; --half)
      value =
          without_denormal(__builtin_fmaf(operand(of_a.word[2 * i + half]), operand(of_b.word[2 * i + half]), value));
    sum[i] = value;
  }
  return sum;
}

/// AMX: a thread's tiles, all of 16 rows of 64 bytes.
struct Tile {
  uint32_t row[16][16];
};
inline thread_local Tile tiles[8];

inline void load_tile(int tile, const void* from, long stride) {
  for (int r = 0; r < 16; ++r) __builtin_memcpy(tiles[tile].row[r], static_cast<const char*>(from) + r * stride, 64);
}

inline void store_tile(int tile, void* to, long stride) {
  for (int r = 0; r < 16; ++r) __builtin_memcpy(static_cast<char*>(to) + r * stride, tiles[tile].row[r], 64);
}

/// TDPBF16PS
[[gnu::noinline]] inline void tile_products(int sums, int a, int b) {
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 16; ++n) {
      float halves[2] = {0, 0};
      for (int k = 0; k < 16; ++k)
        for (int half = 0; half < 2; ++half) {
          const auto operand = [&](uint32_t pair) {
            return without_denormal(__builtin_bit_cast(float, half == 0 ? pair << 16 : pair & 0xffff0000U));
          };
          halves[half] =
              without_denormal(__builtin_fmaf(operand(tiles[a].row[m][k]), operand(tiles[b].row[k][n]), halves[half]));
        }
      uint32_t& sum = tiles[sums].row[m][n];
      const float before = without_denormal(__builtin_bit_cast(float, sum));
      sum = __builtin_bit_cast(uint32_t, without_denormal(before + without_denormal(halves[0] + halves[1])));
    }
}

}  // namespace frugal::emulated

#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4(a, b, chosen) frugal::emulated::shuffle_quarters(a, b, chosen)
#undef _mm512_shuffle_i64x2
#define _mm512_shuffle_i64x2(a, b, chosen) frugal::emulated::shuffle_quarters(a, b, chosen)
#undef _mm512_zextps128_ps512
#define _mm512_zextps128_ps512(a) frugal::emulated::extended(a)
#undef _mm512_rsqrt14_ps
#define _mm512_rsqrt14_ps(a) frugal::emulated::root_estimate(a)
#undef _mm512_cvtne2ps_pbh
#define _mm512_cvtne2ps_pbh(a, b) frugal::emulated::rounded_pair(a, b)
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps(sum, a, b) frugal::emulated::pair_products(sum, a, b)
#undef _tile_loadconfig
#define _tile_loadconfig(config) static_cast<void>(config)
#undef _tile_release
#define _tile_release() static_cast<void>(0)
#undef _tile_zero
#define _tile_zero(tile) (frugal::emulated::tiles[tile] = {})
#undef _tile_loadd
#define _tile_loadd(tile, from, stride) frugal::emulated::load_tile(tile, from, stride)
#undef _tile_stored
#define _tile_stored(tile, to, stride) frugal::emulated::store_tile(tile, to, stride)
#undef _tile_dpbf16ps
#define _tile_dpbf16ps(sums, a, b) frugal::emulated::tile_products(sums, a, b)
