// Products of bf16 pairs by AMX: an instruction adds to a tile of 16 by 16 sums the product of a tile of 16 rows of 32
// values and a tile of 16 pairs of rows of 16 columns. Only kernels include this, or bf16_lanes.hpp, which has the same
// names.
//
// Determinism: of 32 products of a sum, the 16 first and the 16 second ones of the pairs are each added in order, then
// the two, then what the sum was (Intel's Software Developer's Manual, TDPBF16PS).
#pragma once
#include "impl/cpu/kernels/bf16_pairs.hpp"
#include "impl/cpu/kernels/inr_panels.hpp"

namespace frugal::cpu::FRUGAL_ISA {

constexpr const char* unit_name = "amx_bf16";
constexpr long depth_multiple = 32;
constexpr long tile_pairs = 16;  ///< of the depth of a tile, and its rows and columns of sums

/// g++ 12 does not know that its own intrinsics of tiles read memory: all of it is as it should be from here on.
inline void tiles_read(const void* from) { asm volatile("" ::"r"(from) : "memory"); }

/// While it lives, this thread's tiles are in use, all of them whole: the system saves them when it switches threads.
class TileUnit {
 public:
  TileUnit() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
    tiles_read(&config);
    _tile_loadconfig(&config);
  }
  ~TileUnit() { _tile_release(); }
  TileUnit(const TileUnit&) = delete;
  TileUnit& operator=(const TileUnit&) = delete;
};

/// Rows of a product for so many that count: the others come from zeros.
inline long rows_of_product(long count) { return (count + tile_pairs - 1) / tile_pairs * tile_pairs; }

/// The transpose of `depth` pairs of rows, as the left operand of a product: `columns` rows, in `to`.
inline RowsOf<Pair> turned(PairsOfRows from, long columns, long depth, Pair* to) {
  for (long c = 0; c < columns; c += Lanes::width)
    for (long k = 0; k < depth; k += Lanes::width)
      transpose(reinterpret_cast<const float*>(from.data + k * from.stride + c), from.stride,
                reinterpret_cast<float*>(to + c * depth + k), depth);
  return {to, depth};
}

/// C[16 M, 16 N] = A B + initial in tiles 0 to 3; A in tiles 4 and 5, B in 6 and 7.
template <int M, int N>
inline void multiply_tiles(RowsOf<Pair> a, const Pair* b, long b_row, long depth, const Initial& initial, float* c,
                           long c_row) {
  const long a_stride = a.stride * 4, b_stride = b_row * 4, c_stride = c_row * 4;  // bytes
  const long below = tile_pairs * c_row;                                           // in C, of the second row of tiles
  tiles_read(c);
  if (initial.data) {
    const long stride = initial.row * 4;
    const float* const lower = initial.data + tile_pairs * initial.row;
    _tile_loadd(0, initial.data, stride);
    if constexpr (N > 1) _tile_loadd(1, initial.data + tile_pairs, stride);
    if constexpr (M > 1) _tile_loadd(2, lower, stride);
    if constexpr (M > 1 && N > 1) _tile_loadd(3, lower + tile_pairs, stride);
  } else {
    _tile_zero(0);
    if constexpr (N > 1) _tile_zero(1);
    if constexpr (M > 1) _tile_zero(2);
    if constexpr (M > 1 && N > 1) _tile_zero(3);
  }
  for (long k = 0; k < depth; k += tile_pairs) {
    _tile_loadd(6, b + k * b_row, b_stride);
    _tile_loadd(4, a.data + k, a_stride);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (N > 1) {
      _tile_loadd(7, b + k * b_row + tile_pairs, b_stride);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (M > 1) {
      _tile_loadd(5, a.data + tile_pairs * a.stride + k, a_stride);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (N > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, c, c_stride);
  if constexpr (N > 1) _tile_stored(1, c + tile_pairs, c_stride);
  if constexpr (M > 1) _tile_stored(2, c + below, c_stride);
  if constexpr (M > 1 && N > 1) _tile_stored(3, c + below + tile_pairs, c_stride);
}

/// C[16 M, registers of columns] = A B + initial.
template <int M, int registers>
inline void multiply_row_of_tiles(RowsOf<Pair> a, const Pair* b, long b_row, long depth, const Initial& initial,
                                  float* c, long c_row) {
  const auto from = [&](int v) {
    return Initial{initial.data ? initial.data + v * Lanes::width : nullptr, initial.row};
  };
  int v = 0;
#pragma GCC unroll 2
  for (; v + 2 <= registers; v += 2)
    multiply_tiles<M, 2>(a, b + v * Lanes::width, b_row, depth, from(v), c + v * Lanes::width, c_row);
  if constexpr (registers % 2 == 1)
    multiply_tiles<M, 1>(a, b + v * Lanes::width, b_row, depth, from(v), c + v * Lanes::width, c_row);
}

template <int M, int registers>
inline void product_block(RowsOf<Pair> a, const Pair* b, long b_row, long depth, Target c) {
  multiply_row_of_tiles<M, registers>(a, b, b_row, depth, c.initial(), c.data, c.row);
}

template <int M, int registers, class Result>
[[gnu::noinline]] void product_block(RowsOf<Pair> a, const Pair* b, long b_row, long depth, Result c) {
  alignas(64) Lanes sums[tile_pairs * M][registers];
  multiply_row_of_tiles<M, registers>(a, b, b_row, depth, c.initial(), reinterpret_cast<float*>(sums),
                                      registers * Lanes::width);
  c.finish(sums);
}

/// As in bf16_lanes.hpp; rows a multiple of 16.
template <int registers, class Place, class Finish>
inline void product_panel(long rows, RowsOf<Pair> a, const Pair* b, long b_row, long depth, const Place& place,
                          const Finish& finish) {
  long r = 0;
  for (; r + 2 * tile_pairs <= rows; r += 2 * tile_pairs) {
    product_block<2, registers>(a.from_row(r), b, b_row, depth, place(r));
    finish(r, 2 * tile_pairs);
  }
  if (r == rows) return;
  product_block<1, registers>(a.from_row(r), b, b_row, depth, place(r));
  finish(r, tile_pairs);
}

}  // namespace frugal::cpu::FRUGAL_ISA
