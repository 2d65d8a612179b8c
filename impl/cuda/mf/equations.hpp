// The normal equations of one row of iALS on tensor cores: A = sum of v v^T, b = sum of v, and x = A^-1 b.
//
// A is kept as the sums of mma.m16n8k8 in the registers of its warps from the first history row to the solution. A lane
// (g, t) = (lane / 4, lane % 4) reads of history rows t and t + 4 the features 4 g .. 4 g + 3 of every 32, 16 bytes at a
// time. If feature 32 q + 4 g + c is called 8 j + g, j = 4 q + c, what the lane has read is at once the left and the
// right operand of the product of the rows with themselves: no transposition, no exchange. Of A there is the lower
// triangle in tiles of 16 x 8. Small matrices belong to one warp; of larger ones warp w has the row blocks (of 16) w and
// last - w, equally many tiles for every warp.
//
// The factorisation A = L D L^T goes by column blocks of 8: D^-1 of the 8 x 8 corner by Gauss-Jordan with shuffles,
// -L = P (-D^-1) for the panel P below it, and A - L P^T for what is right of it, both by mma: where the order of k does
// not matter, the sums of a tile are again operands as they lie. The right side goes along; then one walk back.
//
// Products are exact to about 2^-21: x = high + low with 11 bits each, and high high + high low + low high (the part of
// `low` beyond its 11 bits is cut by the instruction, either way alike). Sums are fp32 in a fixed order: same bits.
#pragma once
#include <bit>
#include <cstdint>

#include "impl/cuda/kernels/tensor_core.hpp"

namespace frugal::cuda::equations {

/// Matrices of `size` features by `warp_count` warps: who holds which tiles. Tiles come in pairs, 16 x 16 values.
template <int size, int warp_count>
struct Shape {
  static constexpr int features = size;
  static constexpr int warps = warp_count;
  static constexpr int threads = 32 * warps;
  static constexpr int blocks = size / 16;                                           ///< of rows
  static constexpr int own = warps == 1 ? blocks : 2;                                ///< row blocks of a warp
  static constexpr int pairs = warps == 1 ? blocks * (blocks + 1) / 2 : blocks + 1;  ///< tile pairs of a warp
  static constexpr int quads = size / 32;  ///< a lane's reads of a history row
  static_assert(size % 32 == 0 && (warps == 1 || 2 * warps == blocks));

  /// The row block that is number b of a warp.
  __device__ static constexpr int block(int b, int warp) { return warps == 1 ? b : b == 0 ? blocks - 1 - warp : warp; }
  /// No warp's block number b has more column pairs.
  __device__ static constexpr int most_columns(int b) { return warps == 1 ? b + 1 : b == 0 ? blocks : blocks / 2; }
  /// Where the pair of columns p of block number b is kept. Those of the second block come from behind.
  __device__ static constexpr int slot(int b, int p) {
    return warps == 1 ? b * (b + 1) / 2 + p : b == 0 ? p : blocks - p;
  }

  /// Of a partial sum: tiles in fragment order, then the right sides of each lane.
  static constexpr std::size_t tile_floats = std::size_t{warps} * pairs * 2 * 128;
  static constexpr std::size_t partial_floats = tile_floats + std::size_t{warps} * own * 2 * 32;
};

/// What a lane holds of the equations.
template <class S>
struct Equations {
  float c[S::pairs][2][4];  ///< the sums of its tiles
  float right[S::own][2];   ///< of the rows 16 block + 8 h + g; the four lanes of a g hold parts of the sum
};

/// The place of a thread in a block of `warps` warps.
struct Place {
  __device__ explicit Place(int warps)
      : warp(warps == 1 ? 0
                        : __shfl_sync(0xffffffffU, static_cast<int>(threadIdx.x / 32), 0)),  // the same for all lanes
        lane(static_cast<int>(threadIdx.x % 32)),
        g(lane / 4),
        t(lane % 4) {}
  int warp;
  int lane;
  int g;
  int t;
};

/// Shared memory of the blocks of more than one warp.
template <class S>
struct Shared {
  static constexpr int stride = S::features + 8;  ///< of a history row: neighbours in banks of their own
  union {
    float rows[2][8 * stride];             ///< history rows, this step's and the next one's
    float4 columns[2][2 * S::blocks][32];  ///< the panel as right operands: high parts, low parts
  };
  float4 inverse[2][32];  ///< of the corner, negated, as right operand
  float y[S::features];   ///< D^-1 y = z, L y = b
  float z[S::features];
  float x[S::features];         ///< by feature
  float parts[2][S::warps][8];  ///< of a step back
};

__device__ inline float4 load4(const float* at) { return *reinterpret_cast<const float4*>(at); }
__device__ inline void store4(float* at, const float4& value) { *reinterpret_cast<float4*>(at) = value; }
struct alignas(8) Two {
  float x, y;
};

/// An operand in two parts.
template <int count>
struct Split {
  std::uint32_t high[count];
  std::uint32_t low[count];
  __device__ void set(int i, float x) {
    high[i] = (std::bit_cast<std::uint32_t>(x) + 0x1000U) & 0xffffe000U;
    low[i] = std::bit_cast<std::uint32_t>(x - std::bit_cast<float>(high[i]));
  }
};

/// One of the three products of c += left right, small ones first. left: in the order of a tile's sums.
__device__ inline void multiply_part(int part, float (&c)[4], const Split<4>& left, const Split<2>& right) {
  const auto& l = part == 0 ? left.low : left.high;
  const std::uint32_t a[4] = {l[0], l[2], l[1], l[3]};
  tensor_core::multiply_tf32(c, a, part == 1 ? right.low : right.high);
}
__device__ inline void multiply(float (&c)[4], const Split<4>& left, const Split<2>& right) {
#pragma unroll
  for (int part = 0; part < 3; ++part) multiply_part(part, c, left, right);
}

template <class S>
__device__ void clear(Equations<S>& e) {
#pragma unroll
  for (int i = 0; i < S::pairs; ++i)
#pragma unroll
    for (int h = 0; h < 2; ++h)
#pragma unroll
      for (int v = 0; v < 4; ++v) e.c[i][h][v] = 0;
#pragma unroll
  for (int b = 0; b < S::own; ++b) e.right[b][0] = e.right[b][1] = 0;
}

/// e.c += tiles, in fragment order: [warps, pairs, 2, 32] quads.
template <class S>
__device__ void add_tiles(Equations<S>& e, const float* tiles, const Place& at) {
  const float* const own = tiles + at.warp * S::pairs * 256;
#pragma unroll
  for (int i = 0; i < S::pairs; ++i)
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float4 x = load4(own + ((2 * i + h) * 32 + at.lane) * 4);
      e.c[i][h][0] += x.x;
      e.c[i][h][1] += x.y;
      e.c[i][h][2] += x.z;
      e.c[i][h][3] += x.w;
    }
}

/// e += partial, Shape::partial_floats as store_partial wrote them.
template <class S>
__device__ void add_partial(Equations<S>& e, const float* partial, const Place& at) {
  add_tiles<S>(e, partial, at);
  const float* const right = partial + S::tile_floats + at.warp * S::own * 64;
#pragma unroll
  for (int b = 0; b < S::own; ++b)
#pragma unroll
    for (int h = 0; h < 2; ++h) e.right[b][h] += right[(2 * b + h) * 32 + at.lane];
}

template <class S>
__device__ void store_partial(const Equations<S>& e, float* partial, const Place& at) {
  float* const own = partial + at.warp * S::pairs * 256;
#pragma unroll
  for (int i = 0; i < S::pairs; ++i)
#pragma unroll
    for (int h = 0; h < 2; ++h)
      store4(own + ((2 * i + h) * 32 + at.lane) * 4,
             make_float4(e.c[i][h][0], e.c[i][h][1], e.c[i][h][2], e.c[i][h][3]));
  float* const right = partial + S::tile_floats + at.warp * S::own * 64;
#pragma unroll
  for (int b = 0; b < S::own; ++b)
#pragma unroll
    for (int h = 0; h < 2; ++h) right[(2 * b + h) * 32 + at.lane] = e.right[b][h];
}

/// The rows [begin, end) of a list: row partners[k] of `rows`, or row k where there is no list.
struct History {
  const float* rows;              ///< [.., features]
  const std::uint32_t* partners;  ///< may be null
  std::uint32_t begin;
  std::uint32_t end;

  __device__ std::uint32_t row(std::uint32_t k) const { return k >= end ? 0 : partners == nullptr ? k : partners[k]; }
};

/// e += the sums over a history, by one warp. The rows of the next step are on their way during this one.
template <class S>
__device__ void add_history(Equations<S>& e, const History& history, const Place& at) {
  static_assert(S::warps == 1);
  float next[2][4 * S::quads];
  const auto fetch = [&](std::uint32_t row, bool there, float* x) {
#pragma unroll
    for (int q = 0; q < S::quads; ++q) {
      const float* const from = history.rows + std::size_t{row} * S::features + 32 * q + 4 * at.g;
      const float4 v = there ? load4(from) : make_float4(0, 0, 0, 0);
      x[4 * q] = v.x;
      x[4 * q + 1] = v.y;
      x[4 * q + 2] = v.z;
      x[4 * q + 3] = v.w;
    }
  };
  std::uint32_t k = history.begin + static_cast<std::uint32_t>(at.t);
  fetch(history.row(k), k < history.end, next[0]);
  fetch(history.row(k + 4), k + 4 < history.end, next[1]);
  std::uint32_t top = history.row(k + 8);
  std::uint32_t bottom = history.row(k + 12);
  for (std::uint32_t first = history.begin; first < history.end; first += 8) {
    Split<2> columns[4 * S::quads];
#pragma unroll
    for (int j = 0; j < 4 * S::quads; ++j) {
      e.right[j / 2][j % 2] += next[0][j] + next[1][j];
      columns[j].set(0, next[0][j]);
      columns[j].set(1, next[1][j]);
    }
    k += 8;
    if (first + 8 < history.end) {
      fetch(top, k < history.end, next[0]);
      fetch(bottom, k + 4 < history.end, next[1]);
      top = history.row(k + 8);
      bottom = history.row(k + 12);
    }
#pragma unroll
    for (int b = 0; b < S::own; ++b) {
      const Split<2>& low = columns[2 * b];  // features of rows g, then of rows g + 8
      const Split<2>& high = columns[2 * b + 1];
      const Split<4> left{{low.high[0], low.high[1], high.high[0], high.high[1]},
                          {low.low[0], low.low[1], high.low[0], high.low[1]}};
#pragma unroll
      for (int part = 0; part < 3; ++part)
#pragma unroll
        for (int p = 0; p <= b; ++p)
#pragma unroll
          for (int h = 0; h < 2; ++h) multiply_part(part, e.c[S::slot(b, p)][h], left, columns[2 * p + h]);
    }
  }
}

/// The same by a block of several warps, which share the rows they read.
template <class S>
__device__ void add_history(Equations<S>& e, const History& history, Shared<S>& shared, const Place& at) {
  constexpr int chunks = S::features / 4;
  static_assert(4 * chunks == S::threads);  // a thread reads 16 bytes of two rows in eight
  const int chunk = static_cast<int>(threadIdx.x) % chunks;
  const int row = static_cast<int>(threadIdx.x) / chunks;
  const auto fetch = [&](std::uint32_t from, bool there) {
    return there ? load4(history.rows + std::size_t{from} * S::features + 4 * chunk) : make_float4(0, 0, 0, 0);
  };
  std::uint32_t k = history.begin + static_cast<std::uint32_t>(row);
  float4 top = fetch(history.row(k), k < history.end);
  float4 bottom = fetch(history.row(k + 4), k + 4 < history.end);
  std::uint32_t next_top = history.row(k + 8);
  std::uint32_t next_bottom = history.row(k + 12);
  int buffer = 0;
  for (std::uint32_t first = history.begin; first < history.end; first += 8, buffer ^= 1) {
    float* const stage = shared.rows[buffer];
    store4(stage + row * Shared<S>::stride + 4 * chunk, top);
    store4(stage + (row + 4) * Shared<S>::stride + 4 * chunk, bottom);
    __syncthreads();  // the other buffer may be written from here on: all have left it
    k += 8;
    if (first + 8 < history.end) {
      top = fetch(next_top, k < history.end);
      bottom = fetch(next_bottom, k + 4 < history.end);
      next_top = history.row(k + 8);
      next_bottom = history.row(k + 12);
    }
    const float* const upper = stage + at.t * Shared<S>::stride + 4 * at.g;
    const float* const lower = upper + 4 * Shared<S>::stride;
    Split<4> left[2];
#pragma unroll
    for (int b = 0; b < 2; ++b) {
      const int block = S::block(b, at.warp);
      const int from = block / 2 * 32 + block % 2 * 2;
      const Two u = *reinterpret_cast<const Two*>(upper + from);
      const Two v = *reinterpret_cast<const Two*>(lower + from);
      e.right[b][0] += u.x + v.x;
      e.right[b][1] += u.y + v.y;
      left[b].set(0, u.x);
      left[b].set(1, v.x);
      left[b].set(2, u.y);
      left[b].set(3, v.y);
    }
#pragma unroll
    for (int q = 0; q < S::quads; ++q) {
      if (2 * q > S::block(0, at.warp)) continue;
      const float4 u = load4(upper + 32 * q);
      const float4 v = load4(lower + 32 * q);
      Split<2> columns[4];
      columns[0].set(0, u.x);
      columns[0].set(1, v.x);
      columns[1].set(0, u.y);
      columns[1].set(1, v.y);
      columns[2].set(0, u.z);
      columns[2].set(1, v.z);
      columns[3].set(0, u.w);
      columns[3].set(1, v.w);
#pragma unroll
      for (int b = 0; b < 2; ++b)
#pragma unroll
        for (int p = 2 * q; p < 2 * q + 2; ++p)
          if (p < S::most_columns(b) && p <= S::block(b, at.warp))
#pragma unroll
            for (int part = 0; part < 3; ++part)
#pragma unroll
              for (int h = 0; h < 2; ++h)
                multiply_part(part, e.c[S::slot(b, p)][h], left[b], columns[2 * (p - 2 * q) + h]);
    }
  }
}

}  // namespace frugal::cuda::equations
