// Products of bf16 pairs by AVX-512 BF16: an instruction adds two products to each lane. Only kernels include this, or
// bf16_tiles.hpp, which has the same names.
#pragma once
#include "impl/cpu/kernels/bf16_pairs.hpp"
#include "impl/cpu/kernels/inr_panels.hpp"

namespace frugal::cpu::FRUGAL_ISA {

constexpr const char* unit_name = "avx512_bf16";
constexpr long depth_multiple = 2;

struct TileUnit {  // none
  TileUnit() {}
};

/// Rows of a product for so many that count.
inline long rows_of_product(long count) { return (count + 1) / 2 * 2; }

/// The transpose of pairs of rows, as the left operand of a product: they are read as they lie.
inline ColumnsOf<Pair> turned(PairsOfRows from, long, long, Pair*) { return {from.data, from.stride}; }

inline Lanes start_of(const Initial& initial, int r, int v) {
  return initial.data ? load(initial.data + r * initial.row + v * Lanes::width) : zero();
}

/// C[R, registers of columns] = A[R, depth] B[depth, columns] + initial, all of C in registers meanwhile. depth: pairs.
template <int R, int registers, class Left, class Result>
[[gnu::noinline]] void product_block(Left a, const Pair* b, long b_row, long depth, Result c) {
  const Initial initial = c.initial();
  Lanes sums[R][registers];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v) sums[r][v] = start_of(initial, r, v);
  for (long k = 0; k < depth; ++k) {
    __m512bh right[registers];
#pragma GCC unroll 4
    for (int v = 0; v < registers; ++v)
      right[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + k * b_row + v * Lanes::width));
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const auto left = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a(r, k))));
#pragma GCC unroll 4
      for (int v = 0; v < registers; ++v) sums[r][v].v = _mm512_dpbf16_ps(sums[r][v].v, left, right[v]);
    }
  }
  c.finish(sums);
}

/// product_block of 2, 4 ... R rows.
template <int R, int registers, class Left, class Result>
inline void product_rows(long rows, Left a, const Pair* b, long b_row, long depth, Result c) {
  if constexpr (R > 2) {
    if (rows < R) return product_rows<R - 2, registers>(rows, a, b, b_row, depth, c);
  }
  product_block<R, registers>(a, b, b_row, depth, c);
}

/// Rows of C (an even number) are done some at a time: `place(first row)` says where they go, `finish(first row, rows)`
/// follows while they are in L1.
template <int registers, class Left, class Place, class Finish>
inline void product_panel(long rows, Left a, const Pair* b, long b_row, long depth, const Place& place,
                          const Finish& finish) {
  constexpr int rows_of[] = {14, 12, 8, 6};  // 24 sums; fewer registers need more rows to hide the latency
  constexpr int most = rows_of[registers - 1];
  const long pairs = rows / 2;
  const long blocks = (rows + most - 1) / most;  // of about equal size: a block of few rows waits for its own sums
  for (long block = 0; block < blocks; ++block) {
    const long r = pairs * block / blocks * 2;
    const long count = pairs * (block + 1) / blocks * 2 - r;
    product_rows<most, registers>(count, a.from_row(r), b, b_row, depth, place(r));
    finish(r, count);
  }
}

}  // namespace frugal::cpu::FRUGAL_ISA
