// The second half of equations.hpp: factorisation and solution in the registers that the equations were summed in.
#pragma once
#include <utility>

#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/mf/equations.hpp"

namespace frugal::cuda::equations {

/// 1 / x to an ulp or so, without the cases of a division.
__device__ inline float reciprocal(float x) {
#ifdef __CUDACC__
  float estimate;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(estimate) : "f"(x));
  return estimate * (2 - x * estimate);
#else
  return 1 / x;
#endif
}

/// The inverse of a symmetric positive definite 8 x 8 matrix by one warp, in place: a and b are (g, 2 t) and
/// (g, 2 t + 1). Gauss-Jordan with pivots of 2 x 2, each on all lanes: half as many exchanges in a row as with single ones.
__device__ inline void invert(float& a, float& b, const Place& at) {
  constexpr unsigned all = 0xffffffffU;
#pragma unroll 1
  for (int m = 0; m < 4; ++m) {  // a loop, so that the code of a row stays in the instruction cache
    const float pivot_00 = __shfl_sync(all, a, 9 * m);
    const float pivot_01 = __shfl_sync(all, b, 9 * m);
    const float pivot_11 = __shfl_sync(all, b, 9 * m + 4);
    float column_0 = __shfl_sync(all, a, 4 * at.g + m);
    float column_1 = __shfl_sync(all, b, 4 * at.g + m);
    float row_0a = __shfl_sync(all, a, 8 * m + at.t);
    float row_0b = __shfl_sync(all, b, 8 * m + at.t);
    float row_1a = __shfl_sync(all, a, 8 * m + 4 + at.t);
    float row_1b = __shfl_sync(all, b, 8 * m + 4 + at.t);
    const float inverse = reciprocal(fmaf(pivot_00, pivot_11, -pivot_01 * pivot_01));
    const bool pivot_row = at.g / 2 == m;
    if (pivot_row) {  // the rows of the pivot become those of its inverse times themselves
      column_0 = at.g % 2 == 0 ? -1.F : 0.F;
      column_1 = at.g % 2 == 0 ? 0.F : -1.F;
    }
    float old_a = pivot_row ? 0.F : a;
    float old_b = pivot_row ? 0.F : b;
    if (at.t == m) {  // in place of the pivot's columns stand those of the unit matrix
      row_0a = row_1b = 1;
      row_0b = row_1a = old_a = old_b = 0;
    }
    const float factor_0 = inverse * fmaf(column_1, pivot_01, -column_0 * pivot_11);
    const float factor_1 = inverse * fmaf(column_0, pivot_01, -column_1 * pivot_00);
    a = fmaf(factor_1, row_1a, fmaf(factor_0, row_0a, old_a));
    b = fmaf(factor_1, row_1b, fmaf(factor_0, row_0b, old_b));
  }
}

/// The sum over the four lanes of a g, or over the eight of a t.
__device__ inline float sum_over_t(float x) {
  x += __shfl_xor_sync(0xffffffffU, x, 1);
  return x + __shfl_xor_sync(0xffffffffU, x, 2);
}
__device__ inline float sum_over_g(float x) {
  x += __shfl_xor_sync(0xffffffffU, x, 4);
  x += __shfl_xor_sync(0xffffffffU, x, 8);
  return x + __shfl_xor_sync(0xffffffffU, x, 16);
}

/// Adds `penalty` to the diagonal of the first `dim` features; the others get 1, and with a right side of 0 the
/// solution 0.
template <class S>
__device__ void add_penalty(Equations<S>& e, float penalty, int dim, const Place& at) {
#pragma unroll
  for (int b = 0; b < S::own; ++b) {
    const int block = S::block(b, at.warp);
#pragma unroll
    for (int p = 0; p < S::most_columns(b); ++p)
      if (p == block)
#pragma unroll
        for (int h = 0; h < 2; ++h) {
          const int feature = block / 2 * 32 + 4 * at.g + block % 2 * 2 + h;  // of logical row 8 (2 block + h) + g
          const float value = feature < dim ? penalty : 1.F;
          if (at.g == 2 * at.t) e.c[S::slot(b, p)][h][2 * h] += value;
          if (at.g == 2 * at.t + 1) e.c[S::slot(b, p)][h][2 * h + 1] += value;
        }
  }
}

/// What the corner of a column block gives to the rest.
struct Corner {
  Split<2> inverse;  ///< negated
  float y[2];        ///< of columns 2 t and 2 t + 1
};

/// Column block j of factorise().
template <class S, int j>
__device__ __attribute__((always_inline)) inline void factorise_step(Equations<S>& e, Shared<S>* shared,
                                                                     float& explained, const Place& at) {
  constexpr unsigned all = 0xffffffffU;
  constexpr int p = j / 2;
  constexpr int h = j % 2;
  // The panel: column block j of the rows from 8 j on, and of the eight rows above for odd j, which mean nothing.
  Split<4> panel[S::own];
#pragma unroll
  for (int b = 0; b < S::own; ++b)
    if (p < S::most_columns(b) && p <= S::block(b, at.warp)) {
#pragma unroll
      for (int v = 0; v < 4; ++v) panel[b].set(v, e.c[S::slot(b, p)][h][v]);
      if constexpr (S::warps > 1) {
#pragma unroll
        for (int half = 0; half < 2; ++half)
          shared->columns[j % 2][2 * S::block(b, at.warp) + half][at.lane] = make_float4(
              std::bit_cast<float>(panel[b].high[2 * half]), std::bit_cast<float>(panel[b].high[2 * half + 1]),
              std::bit_cast<float>(panel[b].low[2 * half]), std::bit_cast<float>(panel[b].low[2 * half + 1]));
      }
    }
  Corner corner{};
  bool owner = false;
  float first = 0;
  float second = 0;
  float right = 0;
#pragma unroll
  for (int b = 0; b < S::own; ++b)
    if (p < S::most_columns(b) && p == S::block(b, at.warp)) {
      owner = true;
      first = e.c[S::slot(b, p)][h][2 * h];
      second = e.c[S::slot(b, p)][h][2 * h + 1];
      right = e.right[b][h];
    }
  if (owner) {
    invert(first, second, at);
    corner.inverse.set(0, -first);
    corner.inverse.set(1, -second);
    const float y = sum_over_t(right);
    corner.y[0] = __shfl_sync(all, y, 8 * at.t);
    corner.y[1] = __shfl_sync(all, y, 8 * at.t + 4);
    const float z = sum_over_t(first * corner.y[0] + second * corner.y[1]);
    if constexpr (S::warps == 1) {
      e.right[p][h] = z;
      explained += y * z;
    } else {
      shared->inverse[j % 2][at.lane] =
          make_float4(std::bit_cast<float>(corner.inverse.high[0]), std::bit_cast<float>(corner.inverse.high[1]),
                      std::bit_cast<float>(corner.inverse.low[0]), std::bit_cast<float>(corner.inverse.low[1]));
      if (at.t == 0) {
        shared->y[8 * j + at.g] = y;
        shared->z[8 * j + at.g] = z;
      }
    }
  }
  const auto as_right = [](const float4& x) {
    return Split<2>{{std::bit_cast<std::uint32_t>(x.x), std::bit_cast<std::uint32_t>(x.y)},
                    {std::bit_cast<std::uint32_t>(x.z), std::bit_cast<std::uint32_t>(x.w)}};
  };
  if constexpr (S::warps > 1) {
    __syncthreads();  // of two buffers the other is free: whoever is here has left the step before
    corner.inverse = as_right(shared->inverse[j % 2][at.lane]);
    corner.y[0] = shared->y[8 * j + 2 * at.t];
    corner.y[1] = shared->y[8 * j + 2 * at.t + 1];
  }

  // -L, and what it adds to the right side below.
  Split<4> factor[S::own];
#pragma unroll
  for (int b = 0; b < S::own; ++b) {
    const int block = S::block(b, at.warp);
    if (p >= S::most_columns(b) || p > block || (p == block && h == 1)) continue;
    float l[4] = {};
    multiply(l, panel[b], corner.inverse);
    float(&tile)[4] = e.c[S::slot(b, p)][h];
    if (p < block) {
      tile[0] = l[0];
      tile[1] = l[1];
      e.right[b][0] += l[0] * corner.y[0] + l[1] * corner.y[1];
    }
    tile[2] = l[2];
    tile[3] = l[3];
    e.right[b][1] += l[2] * corner.y[0] + l[3] * corner.y[1];
#pragma unroll
    for (int v = 0; v < 4; ++v) factor[b].set(v, l[v]);
  }
  // What is right of the panel.
#pragma unroll
  for (int q = p; q < S::blocks; ++q) {
    if (q > S::block(0, at.warp) && S::warps > 1) continue;
    if (q == p && h == 1) continue;
    Split<2> columns[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if (2 * q + half <= j) continue;
      if constexpr (S::warps > 1)
        columns[half] = as_right(shared->columns[j % 2][2 * q + half][at.lane]);
      else
        columns[half] = {{panel[q].high[2 * half], panel[q].high[2 * half + 1]},
                         {panel[q].low[2 * half], panel[q].low[2 * half + 1]}};
    }
#pragma unroll
    for (int b = 0; b < S::own; ++b)
      if (q < S::most_columns(b) && q <= S::block(b, at.warp))
#pragma unroll
        for (int part = 0; part < 3; ++part)
#pragma unroll
          for (int half = 0; half < 2; ++half)
            if (2 * q + half > j) multiply_part(part, e.c[S::slot(b, q)][half], factor[b], columns[half]);
  }
}

/// In place: under the diagonal -L; y and z of the right side. A block of several warps leaves y and
/// z in shared memory; one warp leaves z in e.right, and y z of its lane's rows in `explained`.
template <class S, int... steps>
__device__ __attribute__((always_inline)) inline void factorise(Equations<S>& e, Shared<S>* shared, float& explained,
                                                                const Place& at, std::integer_sequence<int, steps...>) {
  (factorise_step<S, steps>(e, shared, explained, at), ...);
}

/// What a solution adds to the objective.
struct Sums {
  float squares;    ///< |x|^2
  float explained;  ///< b.x
};

/// x of rows 8 j .. 8 j + 7, when all below have theirs; own: x of the rows of each block.
template <class S, int j>
__device__ __attribute__((always_inline)) inline void walk_back_step(const Equations<S>& e, Shared<S>* shared,
                                                                     float (&own)[S::own][2], Sums& sums,
                                                                     const Place& at) {
  constexpr int p = j / 2;
  constexpr int h = j % 2;
  float first = 0;
  float second = 0;
#pragma unroll
  for (int b = 0; b < S::own; ++b) {
    const int block = S::block(b, at.warp);
    if (p >= S::most_columns(b) || p > block) continue;
    const float(&tile)[4] = e.c[S::slot(b, p)][h];
    if (p < block) {
      first += tile[0] * own[b][0];
      second += tile[1] * own[b][0];
    }
    if (p < block || h == 0) {
      first += tile[2] * own[b][1];
      second += tile[3] * own[b][1];
    }
  }
  first = sum_over_g(first);
  second = sum_over_g(second);
  float x;
  if constexpr (S::warps == 1) {
    const float even = __shfl_sync(0xffffffffU, first, at.g / 2);
    const float odd = __shfl_sync(0xffffffffU, second, at.g / 2);
    x = e.right[p][h] + (at.g % 2 == 0 ? even : odd);
  } else {
    if (at.g == 0) {
      shared->parts[j % 2][at.warp][2 * at.t] = first;
      shared->parts[j % 2][at.warp][2 * at.t + 1] = second;
    }
    __syncthreads();
    x = shared->z[8 * j + at.g];
#pragma unroll
    for (int w = 0; w < S::warps; ++w) x += shared->parts[j % 2][w][at.g];
    sums.explained += shared->y[8 * j + at.g] * shared->z[8 * j + at.g];
    if (at.warp == 0 && at.t == 0) shared->x[j / 4 * 32 + 4 * at.g + j % 4] = x;
  }
  sums.squares += x * x;
#pragma unroll
  for (int b = 0; b < S::own; ++b)
    if (p < S::most_columns(b) && p == S::block(b, at.warp)) own[b][h] = x;
}

template <class S, int... steps>
__device__ __attribute__((always_inline)) inline void walk_back(const Equations<S>& e, Shared<S>* shared,
                                                                float (&own)[S::own][2], Sums& sums, const Place& at,
                                                                std::integer_sequence<int, steps...>) {
  (walk_back_step<S, 2 * S::blocks - 1 - steps>(e, shared, own, sums, at), ...);
}

/// x of A x = b into solution [features]; every thread of the block gets the sums (of several warps: the first).
template <class S>
__device__ __attribute__((always_inline)) inline Sums solve(Equations<S>& e, Shared<S>* shared, float* solution,
                                                            const Place& at) {
  Sums sums{};
  constexpr std::make_integer_sequence<int, 2 * S::blocks> steps;
  factorise(e, shared, sums.explained, at, steps);
  float own[S::own][2] = {};
  walk_back(e, shared, own, sums, at, steps);
  sums.squares = sum_over_g(sums.squares);
  sums.explained = sum_over_g(sums.explained);
  if constexpr (S::warps == 1) {
#pragma unroll
    for (int q = 0; q < S::quads; ++q)
      if (at.t == q % 4)
        store4(solution + 32 * q + 4 * at.g,
               make_float4(own[2 * q][0], own[2 * q][1], own[2 * q + 1][0], own[2 * q + 1][1]));
  } else {
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < S::features / 4; i += S::threads)
      store4(solution + 4 * i, load4(shared->x + 4 * i));
  }
  return sums;
}

}  // namespace frugal::cuda::equations
