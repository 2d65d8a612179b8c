// The kernels of alternating least squares: symmetric rank-k updates, and Cholesky solves of several small systems side
// by side. Matrices are row-major, upper triangle, in tiles: what lies below the diagonal is undefined.
#pragma once
#include <cstdint>

#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {

// A tile of sums fills the registers: with one row of broadcasts and its vectors, 16 of AVX2 or 28 of AVX-512's 32.
constexpr int tile_rows = Lanes::width == 16 ? 8 : 4;
constexpr int tile_vectors = 3;

/// c[i0 .. i0+tile_rows, j0 .. j0+vectors*width] +-= sum over q < count of g[q][i0 + .] g[q][j0 + .].
template <int vectors, bool subtract>
inline void rank_update_tile(const float* g, long count, long dim, long i0, long j0, float* c) {
  constexpr int width = Lanes::width;
  Lanes sums[tile_rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) sums[r][v] = load(c + (i0 + r) * dim + j0 + v * width);
  for (long q = 0; q < count; ++q) {
    const float* row = g + q * dim;
    Lanes right[vectors];
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) right[v] = load(row + j0 + v * width);
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
      const Lanes left = broadcast(row[i0 + r]);
#pragma GCC unroll 3
      for (int v = 0; v < vectors; ++v)
        sums[r][v] = subtract ? fnma(left, right[v], sums[r][v]) : fma(left, right[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) store(c + (i0 + r) * dim + j0 + v * width, sums[r][v]);
}

/// The tiles of rows i0 .. i0+tile_rows that touch the upper triangle: as wide as can be, but none of one vector where
/// two of two do; a narrow one has too few sums to keep the units busy.
template <bool subtract>
inline void rank_update_rows(const float* g, long count, long dim, long i0, float* c) {
  constexpr long width = Lanes::width;
  for (long j0 = i0 / width * width; j0 < dim;) {
    const long left = (dim - j0) / width;
    if (left >= 3 && left % 3 != 1) {
      rank_update_tile<3, subtract>(g, count, dim, i0, j0, c);
      j0 += 3 * width;
    } else if (left >= 2) {
      rank_update_tile<2, subtract>(g, count, dim, i0, j0, c);
      j0 += 2 * width;
    } else {
      rank_update_tile<1, subtract>(g, count, dim, i0, j0, c);
      j0 += width;
    }
  }
}

inline void gram(const float* rows, long count, long dim, float* c) {
  for (long i0 = 0; i0 < dim; i0 += tile_rows) rank_update_rows<false>(rows, count, dim, i0, c);
}

/// copies [count, dim] = the rows named; sum += their sum.
inline void gather(const float* rows, const std::uint32_t* names, long count, long dim, float* copies, float* sum) {
  constexpr long width = Lanes::width;
  constexpr long together = row_padding / width;
  for (long k = 0; k < dim; k += row_padding) {
    Lanes sums[together];
    for (long v = 0; v < together; ++v) sums[v] = load(sum + k + v * width);
    for (long q = 0; q < count; ++q)
      for (long v = 0; v < together; ++v) {
        const Lanes value = load(rows + names[q] * dim + k + v * width);
        store(copies + q * dim + k + v * width, value);
        sums[v] = sums[v] + value;
      }
    for (long v = 0; v < together; ++v) store(sum + k + v * width, sums[v]);
  }
}

inline void add_history(const float* rows, const std::uint32_t* history, long count, long dim, float* scratch,
                        float* matrix, float* right) {
  for (long first = 0; first < count; first += history_rows) {
    const long size = count - first < history_rows ? count - first : history_rows;
    gather(rows, history + first, size, dim, scratch, right);
    gram(scratch, size, dim, matrix);
  }
}

/// A = U^T U of each system, row by row: rows i0 .. i0+tile_rows first lose the contribution of all finished rows above
/// (the same tiles as a rank update), then that of each other. A root, a division and the rows below wait for each
/// other; meanwhile the other systems go on.
inline void cholesky(float* a, long dim, long systems) {
  constexpr long width = Lanes::width;
  for (long i0 = 0; i0 < dim; i0 += tile_rows) {
    for (long s = 0; s < systems; ++s) rank_update_rows<true>(a + s * dim * dim, i0, dim, i0, a + s * dim * dim);
    for (long i = i0; i < i0 + tile_rows; ++i) {
      const long first = i / width * width;
      for (long s = 0; s < systems; ++s) {
        float* row = a + s * dim * dim + i * dim;
        const Lanes scale = broadcast(1.F / __builtin_sqrtf(row[i]));
        for (long j = first; j < dim; j += width) store(row + j, scale * load(row + j));
      }
      for (long s = 0; s < systems; ++s) {
        float* row = a + s * dim * dim + i * dim;
        for (long below = i + 1; below < i0 + tile_rows; ++below) {
          const Lanes factor = broadcast(row[below]);
          float* other = a + s * dim * dim + below * dim;
          for (long j = first; j < dim; j += width) store(other + j, fnma(factor, load(row + j), load(other + j)));
        }
      }
    }
  }
}

inline void solve(float* a, long dim, float* b, long systems) {
  constexpr long width = Lanes::width;
  cholesky(a, dim, systems);
  // U^T y = b: y_k is final once rows above have been subtracted; the lanes left of the diagonal hold y already, and
  // what lies below the diagonal of `a` is undefined, so a chunk that crosses the diagonal goes element by element.
  for (long k = 0; k < dim; ++k)
    for (long s = 0; s < systems; ++s) {
      const float* row = a + s * dim * dim + k * dim;
      float* y = b + s * dim;
      const float value = y[k] / row[k];
      y[k] = value;
      const long aligned = (k / width + 1) * width;
      for (long j = k + 1; j < aligned; ++j) y[j] = __builtin_fmaf(-value, row[j], y[j]);
      const Lanes factor = broadcast(value);
      for (long j = aligned; j < dim; j += width) store(y + j, fnma(factor, load(row + j), load(y + j)));
    }
  // U x = y, from the last row up.
  for (long k = dim - 1; k >= 0; --k)
    for (long s = 0; s < systems; ++s) {
      const float* row = a + s * dim * dim + k * dim;
      float* x = b + s * dim;
      const long aligned = (k / width + 1) * width;
      float rest = 0;
      for (long j = k + 1; j < aligned; ++j) rest = __builtin_fmaf(row[j], x[j], rest);
      Lanes dot = zero();
      for (long j = aligned; j < dim; j += width) dot = fma(load(row + j), load(x + j), dot);
      x[k] = (x[k] - (rest + sum(dot))) / row[k];
    }
}

}  // namespace frugal::cpu::FRUGAL_ISA
