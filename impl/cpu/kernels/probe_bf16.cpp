#include "impl/cpu/kernels/lanes.hpp"
#include "impl/cpu/kernels/probe_kernels.hpp"

namespace frugal::cpu::FRUGAL_ISA {

[[gnu::noipa]] float multiply_add_bf16(long rounds) {
  constexpr int sums = 12;
  const auto one = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3f803f80));
  __m512 x[sums];
  for (__m512& s : x) s = _mm512_setzero_ps();
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < sums; ++s) x[s] = _mm512_dpbf16_ps(x[s], one, one);
  __m512 total = _mm512_setzero_ps();
  for (const __m512& s : x) total = _mm512_add_ps(total, s);
  return sum({total});
}

}  // namespace frugal::cpu::FRUGAL_ISA
