#include "impl/cpu/kernels/mf_kernels.hpp"

#include <math.h>

#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

// ---------------------------------------------------------------------------------------------------------------------
// Logistic SGD.

inline void prefetch_row(const float* row, long stride) {
  for (long k = 0; k < stride; k += 16) _mm_prefetch(reinterpret_cast<const char*>(row + k), _MM_HINT_T0);
}

/// vectors: registers of a row, or 0 when only stride tells.
template <int vectors>
double sgd_of_size(const SgdModel& model, const MfExample* examples, long count) {
  constexpr int width = Lanes::width;
  constexpr long ahead = 6;           // examples; a row out of the second-level cache takes about two updates
  constexpr int factors_a_log = 512;  // each is in [1, 2], so their product fits a double
  const float rate = model.learning_rate;
  const float keep = 1.F - rate * model.l2;
  const long stride = vectors > 0 ? static_cast<long>(vectors) * width : model.stride;
  // -log p(y) = max(z, 0) - z y + log(1 + exp(-|z|)), the logarithm taken of a product of many factors.
  double linear = 0;
  double logs = 0;
  double product = 1;
  int factors = 0;
  for (long e = 0; e < count; ++e) {
    if (e + ahead < count) {
      const MfExample next = examples[e + ahead];
      prefetch_row(model.users + next.user * stride, stride);
      prefetch_row(model.items + (next.item & ~MfExample::positive) * stride, stride);
    }
    const std::uint32_t user = examples[e].user;
    const std::uint32_t item = examples[e].item & ~MfExample::positive;
    const float label = static_cast<float>(examples[e].item >> 31);
    float* u = model.users + user * stride;
    float* v = model.items + item * stride;

    Lanes uk[vectors > 0 ? vectors : 1];
    Lanes vk[vectors > 0 ? vectors : 1];
    Lanes dot = zero();
    if constexpr (vectors > 0) {
#pragma GCC unroll 8
      for (int k = 0; k < vectors; ++k) {
        uk[k] = load(u + k * width);
        vk[k] = load(v + k * width);
        dot = fma(uk[k], vk[k], dot);
      }
    } else {
      for (long k = 0; k < stride; k += width) dot = fma(load(u + k), load(v + k), dot);
    }
    const float bu = model.user_bias[user];
    const float bi = model.item_bias[item];
    const float z = sum(dot) + ((bu + bi) + model.global_bias);
    // No branch on the label or the sign of z: both are hard to predict.
    const float ez = exp_not_positive(-__builtin_fabsf(z));
    const float probability = (z > 0.F ? 1.F : ez) / (1.F + ez);
    const float g = rate * (probability - label);
    linear += static_cast<double>((z > 0.F ? z : 0.F) - z * label);
    product *= 1.0 + static_cast<double>(ez);
    if (++factors == factors_a_log) {
      logs += ::log(product);
      product = 1;
      factors = 0;
    }

    const Lanes minus_g = broadcast(-g);
    const Lanes shrink = broadcast(keep);
    if constexpr (vectors > 0) {
#pragma GCC unroll 8
      for (int k = 0; k < vectors; ++k) {
        store(u + k * width, fma(minus_g, vk[k], shrink * uk[k]));
        store(v + k * width, fma(minus_g, uk[k], shrink * vk[k]));
      }
    } else {
      for (long k = 0; k < stride; k += width) {
        const Lanes old_u = load(u + k);
        const Lanes old_v = load(v + k);
        store(u + k, fma(minus_g, old_v, shrink * old_u));
        store(v + k, fma(minus_g, old_u, shrink * old_v));
      }
    }
    model.user_bias[user] = __builtin_fmaf(keep, bu, -g);
    model.item_bias[item] = __builtin_fmaf(keep, bi, -g);
  }
  return linear + logs + ::log(product);
}

double sgd(const SgdModel& model, const MfExample* examples, long count) {
  switch (model.stride / Lanes::width) {
    case 1:
      return sgd_of_size<1>(model, examples, count);
    case 2:
      return sgd_of_size<2>(model, examples, count);
    case 3:
      return sgd_of_size<3>(model, examples, count);
    case 4:
      return sgd_of_size<4>(model, examples, count);
    case 6:
      return sgd_of_size<6>(model, examples, count);
    case 8:
      return sgd_of_size<8>(model, examples, count);
    default:
      return sgd_of_size<0>(model, examples, count);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Alternating least squares: symmetric rank-k updates and Cholesky solves of one small matrix, row-major, upper
// triangle.

constexpr int tile_rows = Lanes::width == 16 ? 8 : 4;
constexpr int tile_vectors = 2;

/// c[i0 .. i0+tile_rows, j0 .. j0+vectors*width] += sign * sum over q < count of g[q][i0 + .] g[q][j0 + .].
template <int vectors, bool subtract>
inline void rank_update_tile(const float* g, long count, long dim, long i0, long j0, float* c) {
  constexpr int width = Lanes::width;
  Lanes sums[tile_rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) sums[r][v] = load(c + (i0 + r) * dim + j0 + v * width);
  for (long q = 0; q < count; ++q) {
    const float* row = g + q * dim;
    Lanes right[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) right[v] = load(row + j0 + v * width);
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
      const Lanes left = broadcast(row[i0 + r]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v)
        sums[r][v] = subtract ? fnma(left, right[v], sums[r][v]) : fma(left, right[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) store(c + (i0 + r) * dim + j0 + v * width, sums[r][v]);
}

/// The tiles of rows i0 .. i0+tile_rows that touch the upper triangle.
template <bool subtract>
inline void rank_update_rows(const float* g, long count, long dim, long i0, float* c) {
  constexpr long width = Lanes::width;
  long j0 = i0 / width * width;
  for (; j0 + tile_vectors * width <= dim; j0 += tile_vectors * width)
    rank_update_tile<tile_vectors, subtract>(g, count, dim, i0, j0, c);
  for (; j0 < dim; j0 += width) rank_update_tile<1, subtract>(g, count, dim, i0, j0, c);
}

void gram(const float* rows, long count, long dim, float* c) {
  for (long i0 = 0; i0 < dim; i0 += tile_rows) rank_update_rows<false>(rows, count, dim, i0, c);
}

/// A = U^T U, row by row: rows i0 .. i0+tile_rows first lose the contribution of all finished rows above (the same
/// tiles as a rank update), then that of each other.
void cholesky(float* a, long dim) {
  constexpr long width = Lanes::width;
  for (long i0 = 0; i0 < dim; i0 += tile_rows) {
    rank_update_rows<true>(a, i0, dim, i0, a);
    for (long i = i0; i < i0 + tile_rows; ++i) {
      float* row = a + i * dim;
      const long first = i / width * width;
      const Lanes scale = broadcast(1.F / __builtin_sqrtf(row[i]));
      for (long j = first; j < dim; j += width) store(row + j, scale * load(row + j));
      for (long below = i + 1; below < i0 + tile_rows; ++below) {
        const Lanes factor = broadcast(row[below]);
        float* other = a + below * dim;
        for (long j = first; j < dim; j += width) store(other + j, fnma(factor, load(row + j), load(other + j)));
      }
    }
  }
}

void solve(float* a, long dim, float* b) {
  constexpr long width = Lanes::width;
  cholesky(a, dim);
  // U^T y = b: y_k is final once rows above have been subtracted; the lanes left of the diagonal hold y already, and
  // what lies below the diagonal of `a` is undefined, so a chunk that crosses the diagonal goes element by element.
  for (long k = 0; k < dim; ++k) {
    const float* row = a + k * dim;
    const float y = b[k] / row[k];
    b[k] = y;
    const long aligned = (k / width + 1) * width;
    for (long j = k + 1; j < aligned; ++j) b[j] = __builtin_fmaf(-y, row[j], b[j]);
    const Lanes factor = broadcast(y);
    for (long j = aligned; j < dim; j += width) store(b + j, fnma(factor, load(row + j), load(b + j)));
  }
  // U x = y, from the last row up.
  for (long k = dim - 1; k >= 0; --k) {
    const float* row = a + k * dim;
    const long aligned = (k / width + 1) * width;
    float rest = 0;
    for (long j = k + 1; j < aligned; ++j) rest = __builtin_fmaf(row[j], b[j], rest);
    Lanes dot = zero();
    for (long j = aligned; j < dim; j += width) dot = fma(load(row + j), load(b + j), dot);
    b[k] = (b[k] - (rest + sum(dot))) / row[k];
  }
}

}  // namespace

extern const MfKernels mf_kernels;
const MfKernels mf_kernels = {sgd, gram, solve};

}  // namespace frugal::cpu::FRUGAL_ISA
