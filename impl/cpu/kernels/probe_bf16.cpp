#include "impl/cpu/kernels/lanes.hpp"
#include "impl/cpu/kernels/probe_kernels.hpp"
#ifdef FRUGAL_TILES
#include "impl/cpu/kernels/bf16_tiles.hpp"
#endif

namespace frugal::cpu::FRUGAL_ISA {
namespace {

#ifdef FRUGAL_TILES

constexpr double flops = 4. * 2 * 16 * 16 * 32;  // a round has as many instructions as there are tiles of sums

[[gnu::noipa]] float multiply_add(long rounds) {
  const TileUnit unit;
  alignas(64) Pair ones[16][16];
  for (auto& row : ones)
    for (Pair& pair : row) pair = 0x3f803f80;
  tiles_read(ones);
  _tile_loadd(4, ones, 64);
  _tile_loadd(5, ones, 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (long i = 0; i < rounds; ++i) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  alignas(64) float sums[4][16][16];
  _tile_stored(0, sums[0], 64);
  _tile_stored(1, sums[1], 64);
  _tile_stored(2, sums[2], 64);
  _tile_stored(3, sums[3], 64);
  Lanes total = zero();
  for (const auto& tile : sums)
    for (const auto& row : tile) total = total + load(row);
  return sum(total);
}

#else

constexpr int registers = 12;
constexpr double flops = registers * 2. * 32;

[[gnu::noipa]] float multiply_add(long rounds) {
  const auto one = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3f803f80));
  __m512 x[registers];
  for (__m512& s : x) s = _mm512_setzero_ps();
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < registers; ++s) x[s] = _mm512_dpbf16_ps(x[s], one, one);
  __m512 total = _mm512_setzero_ps();
  for (const __m512& s : x) total = _mm512_add_ps(total, s);
  return sum({total});
}

#endif

}  // namespace

extern const Bf16ProbeKernels bf16_probe_kernels;
const Bf16ProbeKernels bf16_probe_kernels = {multiply_add, flops};

}  // namespace frugal::cpu::FRUGAL_ISA
