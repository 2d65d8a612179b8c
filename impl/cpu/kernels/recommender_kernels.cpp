#include "impl/cpu/kernels/recommender_kernels.hpp"

#include "impl/cpu/kernels/adam.hpp"
#include "impl/cpu/kernels/lanes.hpp"
#include "impl/cpu/kernels/philox_lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

// ---------------------------------------------------------------------------------------------------------------------
// Initial values.

/// Through the upper 24 bits of the words, which are what a unit has of them: all is exact but the last two roundings.
void draw_uniforms(PhiloxStream from, double bound, std::uint64_t first, long n, float* __restrict out) {
  constexpr long whole = 8;  // blocks that philox_below takes at a time
  constexpr long most = 64;  // blocks whose words stay in L1
  std::uint64_t block[most];
  std::uint32_t bits[4 * most];
  long skipped = static_cast<long>(first % 4);
  std::uint64_t next = first / 4;
  while (n > 0) {
    const long wanted = (skipped + n + 4 * whole - 1) / (4 * whole) * whole;
    const long blocks = wanted < most ? wanted : most;
    for (long b = 0; b < blocks; ++b) block[b] = next + static_cast<std::uint64_t>(b);
    philox_below(from, 1U << 24, block, blocks, bits);
    const long count = n < 4 * blocks - skipped ? n : 4 * blocks - skipped;
    const std::uint32_t* const drawn = bits + skipped;
#pragma omp simd
    for (long i = 0; i < count; ++i) {
      const double unit = static_cast<double>(static_cast<std::int32_t>(drawn[i])) * 0x1p-24;
      out[i] = static_cast<float>((2.0 * unit - 1.0) * bound);
    }
    out += count;
    n -= count;
    next += static_cast<std::uint64_t>(blocks);
    skipped = 0;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Gathers.

/// Tables larger than a cache are read a few rows ahead: at random rows the hardware prefetcher is blind.
constexpr long rows_ahead = 8;

inline void prefetch_row(const float* row, long width) {
  for (long k = 0; k < width; k += 16) __builtin_prefetch(row + k);
}

void gather_dots(const float* x, const float* rows, const std::uint32_t* index, long count, long width, float* out) {
  for (long i = 0; i < count; ++i) {
    if (i + rows_ahead < count) prefetch_row(rows + index[i + rows_ahead] * width, width);
    const float* row = rows + index[i] * width;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (long k = 0; k < width; ++k) sum += x[k] * row[k];
    out[i] = sum;
  }
}

/// Columns that one pass over the rows sums in registers.
constexpr long most_registers = 8;

/// body(first column, integral constant of registers) of all columns that fill a register.
template <int registers, class Body>
inline long for_each_column_group(long first, long width, const Body& body) {
  for (; first + registers * Lanes::width <= width; first += registers * Lanes::width)
    body.template operator()<registers>(first);
  if constexpr (registers > 1)
    return for_each_column_group<registers / 2>(first, width, body);
  else
    return first;
}

void weighted_sum(const float* rows, const std::uint32_t* index, const float* weight, const std::uint32_t* positions,
                  long count, long run, long width, float* __restrict out) {
  const long whole = for_each_column_group<most_registers>(0, width, [&]<int registers>(long first) {
    Lanes sums[registers];
    for (Lanes& sum : sums) sum = zero();
    for (long i = 0; i < count; ++i) {
      const long begin = static_cast<long>(positions[i]) * run;
      if (i + 1 < count) prefetch_row(rows + index[positions[i + 1] * run] * width, width);
      for (long e = begin; e < begin + run; ++e) {
        const float* row = rows + index[e] * width + first;
        const Lanes w = broadcast(weight[e]);
#pragma GCC unroll 8
        for (int v = 0; v < registers; ++v) sums[v] = fma(w, load(row + v * Lanes::width), sums[v]);
      }
    }
    for (int v = 0; v < registers; ++v) store(out + first + v * Lanes::width, sums[v]);
  });
  for (long k = whole; k < width; ++k) {
    float sum = 0;
    for (long i = 0; i < count; ++i)
      for (long e = positions[i] * run; e < (positions[i] + 1) * run; ++e)
        sum += weight[e] * rows[index[e] * width + k];
    out[k] = sum;
  }
}

void sum_rows(const float* rows, const std::uint32_t* index, long count, long width, float* __restrict out) {
  const long whole = for_each_column_group<most_registers>(0, width, [&]<int registers>(long first) {
    Lanes sums[registers];
    for (Lanes& sum : sums) sum = zero();
    for (long i = 0; i < count; ++i) {
      if (i + rows_ahead < count) prefetch_row(rows + index[i + rows_ahead] * width, width);
      const float* row = rows + index[i] * width + first;
#pragma GCC unroll 8
      for (int v = 0; v < registers; ++v) sums[v] = sums[v] + load(row + v * Lanes::width);
    }
    for (int v = 0; v < registers; ++v) store(out + first + v * Lanes::width, sums[v]);
  });
  for (long k = whole; k < width; ++k) {
    float sum = 0;
    for (long i = 0; i < count; ++i) sum += rows[index[i] * width + k];
    out[k] = sum;
  }
}

void add(float* __restrict sum, const float* __restrict term, long n) {
  for (long i = 0; i < n; ++i) sum[i] += term[i];
}

// ---------------------------------------------------------------------------------------------------------------------
// Loss.

/// log(1 + t) for 0 <= t <= 1, relative error below 2e-7: 2 atanh(s) with s = t / (2 + t) <= 1/3, whose series
/// 2 s (1 + s^2 / 3 + s^4 / 5 + ...) is cut where the next term is below (1/9)^8 / 17 = 1.4e-9.
inline float log1p_of_unit(float t) {
  const float s = t / (2.F + t);
  const float q = s * s;
  float p = 1.F / 15;
  p = p * q + 1.F / 13;
  p = p * q + 1.F / 11;
  p = p * q + 1.F / 9;
  p = p * q + 1.F / 7;
  p = p * q + 1.F / 5;
  p = p * q + 1.F / 3;
  p = p * q + 1.F;
  return 2.F * s * p;
}

void cross_entropy(const float* __restrict logits, const float* __restrict labels, float scale, long n,
                   float* __restrict loss, float* __restrict gradient) {
#pragma omp simd
  for (long i = 0; i < n; ++i) {
    const float z = logits[i];
    const float y = labels[i];
    const float t = exp_not_positive(-__builtin_fabsf(z));
    const float small = t / (1.F + t);  // sigmoid(-|z|)
    // |sigmoid(z) - y| without the cancellation of a sigmoid near its label.
    const float right = z > 0.F ? -small : small;
    const float wrong = z > 0.F ? 1.F / (1.F + t) : -1.F / (1.F + t);
    const bool agrees = (z > 0.F) == (y > 0.5F);
    gradient[i] = scale * (agrees ? right : wrong);
    loss[i] = (z > 0.F ? z : 0.F) - z * y + log1p_of_unit(t);
  }
}

void add_exponentials(const float* __restrict z, const float* __restrict terms, long n, float* largest, float* sum) {
  float highest = *largest;
#pragma omp simd reduction(max : highest)
  for (long i = 0; i < n; ++i) highest = z[i] + terms[i] > highest ? z[i] + terms[i] : highest;
  float added = 0;
#pragma omp simd reduction(+ : added)
  for (long i = 0; i < n; ++i) added += exp_not_positive(z[i] + terms[i] - highest);
  *sum = *sum * exp_not_positive(*largest - highest) + added;
  *largest = highest;
}

void exponentials(float* __restrict z, float term, const float* __restrict terms, long n) {
#pragma omp simd
  for (long i = 0; i < n; ++i) {
    const float exponent = z[i] + term + terms[i];
    z[i] = exp_not_positive(exponent > 0.F ? 0.F : exponent);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Dense layers.

void column_sums(const float* __restrict delta, long rows, long columns, long stride, float* __restrict sums) {
  for (long r = 0; r < rows; ++r)
    for (long c = 0; c < columns; ++c) sums[c] += delta[r * stride + c];
}

void relu_backward(const float* __restrict output, float* __restrict delta, long rows, long columns, long stride,
                   float* __restrict sums) {
  for (long r = 0; r < rows; ++r) {
    const float* h = output + r * stride;
    float* d = delta + r * stride;
    for (long c = 0; c < columns; ++c) {
      const float kept = h[c] > 0.F ? d[c] : 0.F;
      d[c] = kept;
      sums[c] += kept;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Pairwise dots.

// Both are small matrix products per example, x x^T and S x, done in tiles of four rows by one register, so that the
// sums stay in registers. Columns that do not fill a register are left to plain loops.

constexpr long tile_rows = 4;

/// sums[r] = sum over k of a[r * a_row + k] * b[k * b_row .. + a register], rows beyond `rows` repeated.
inline void tile_product(const float* a, long a_row, long rows, const float* b, long b_row, long depth,
                         Lanes sums[tile_rows]) {
  const float* row[tile_rows];
  for (long r = 0; r < tile_rows; ++r) {
    row[r] = a + (r < rows ? r : rows - 1) * a_row;
    sums[r] = zero();
  }
  for (long k = 0; k < depth; ++k) {
    const Lanes column = load(b + k * b_row);
#pragma GCC unroll 4
    for (long r = 0; r < tile_rows; ++r) sums[r] = fma(broadcast(row[r][k]), column, sums[r]);
  }
}

/// With x transposed into scratch, a row of the triangle is a vector: out_i = sum_k x[i, k] * scratch[k, 0..i).
void pair_dots(const float* __restrict x, long vectors, long width, float* __restrict scratch, float* __restrict out) {
  const long stride = pair_stride(vectors);
  for (long k = 0; k < width; ++k) {
    for (long i = 0; i < vectors; ++i) scratch[k * stride + i] = x[i * width + k];
    for (long i = vectors; i < stride; ++i) scratch[k * stride + i] = 0;
  }
  for (long first = 0; first < vectors; first += tile_rows) {
    const long rows = vectors - first < tile_rows ? vectors - first : tile_rows;
    for (long j = 0; j < first + rows - 1; j += Lanes::width) {
      Lanes sums[tile_rows];
      tile_product(x + first * width, width, rows, scratch + j, stride, width, sums);
      for (long r = 0; r < rows; ++r) {
        const long i = first + r;
        float* row = out + i * (i - 1) / 2;
        float values[Lanes::width];
        store(values, sums[r]);
        for (long l = 0; l < Lanes::width && j + l < i; ++l) row[j + l] = values[l];
      }
    }
  }
}

/// scratch becomes the symmetric matrix S of the pairs' gradients, with a diagonal of zeros; then dx = S x.
void pair_dots_backward(const float* __restrict x, const float* __restrict gradient, long vectors, long width,
                        float* __restrict scratch, float* __restrict dx) {
  for (long i = 0; i < vectors; ++i) {
    scratch[i * vectors + i] = 0;
    for (long j = 0; j < i; ++j) {
      const float g = gradient[i * (i - 1) / 2 + j];
      scratch[i * vectors + j] = g;
      scratch[j * vectors + i] = g;
    }
  }
  const long whole = width / Lanes::width * Lanes::width;
  for (long first = 0; first < vectors; first += tile_rows) {
    const long rows = vectors - first < tile_rows ? vectors - first : tile_rows;
    for (long k = 0; k < whole; k += Lanes::width) {
      Lanes sums[tile_rows];
      tile_product(scratch + first * vectors, vectors, rows, x + k, width, vectors, sums);
      for (long r = 0; r < rows; ++r) store(dx + (first + r) * width + k, sums[r]);
    }
    for (long r = first; r < first + rows; ++r) {
      for (long k = whole; k < width; ++k) {
        float sum = 0;
        for (long j = 0; j < vectors; ++j) sum += scratch[r * vectors + j] * x[j * width + k];
        dx[r * width + k] = sum;
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Optimisers.

void sgd(const UpdateStep& step, const float* __restrict g, float* __restrict w, long n) {
  const float rate = step.rate;
  for (long i = 0; i < n; ++i) w[i] -= rate * g[i];
}

void adagrad(const UpdateStep& step, const float* __restrict g, float* __restrict w, float* __restrict squares,
             long n) {
  const float rate = step.rate;
  const float epsilon = step.epsilon;
  for (long i = 0; i < n; ++i) {
    const float s = squares[i] + g[i] * g[i];
    squares[i] = s;
    w[i] -= rate * g[i] / (__builtin_sqrtf(s) + epsilon);
  }
}

void rowwise_adagrad(const UpdateStep& step, const float* __restrict g, float* __restrict w, float* __restrict square,
                     long n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (long i = 0; i < n; ++i) sum += g[i] * g[i];
  *square += sum / static_cast<float>(n);
  const float rate = step.rate / (__builtin_sqrtf(*square) + step.epsilon);
  for (long i = 0; i < n; ++i) w[i] -= rate * g[i];
}

}  // namespace

extern const RecommenderKernels recommender_kernels;
const RecommenderKernels recommender_kernels = {
    draw_uniforms, gather_dots,   weighted_sum, sum_rows,           add, cross_entropy, add_exponentials, exponentials,
    column_sums,   relu_backward, pair_dots,    pair_dots_backward, sgd, adagrad,       rowwise_adagrad,  adam,
};

}  // namespace frugal::cpu::FRUGAL_ISA
