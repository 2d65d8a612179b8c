// Everything of a recommender's training step that is not a matrix product: gathers and their transposes, the loss,
// ReLU and bias gradients, pairwise dots of DLRM, and the optimisers.
//
// Arrays [rows, columns] are row-major without padding.
// Determinism: each function works serially in a fixed order; its bits depend on its arguments and the instruction set.
// Tolerance: sums of n terms are off by about eps * sqrt(n) of the largest partial sum; cross_entropy by a few eps.
#pragma once
#include <cstdint>

#include "impl/common/adam.hpp"
#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/kernels/philox_stream.hpp"

namespace frugal::cpu {

constexpr long pair_stride(long vectors) { return (vectors + 15) / 16 * 16; }

/// What the pairwise dots need to work in.
constexpr long pair_scratch(long vectors, long width) {
  return (vectors > width ? vectors : width) * pair_stride(vectors);
}

struct RecommenderKernels {
  /// out[i] = scaled_uniform(word first + i, bound), i < n: impl/common/recommender/init.hpp, the same bits.
  void (*draw_uniforms)(PhiloxStream from, double bound, std::uint64_t first, long n, float* out);

  /// out[i] = x . rows[index[i]], i < count. x [width], rows [any, width].
  void (*gather_dots)(const float* x, const float* rows, const std::uint32_t* index, long count, long width,
                      float* out);

  /// out = sum of weight[e] * rows[index[e]] over e = positions[i] * run + k, i < count, k < run, in that order.
  /// out [width] is overwritten.
  void (*weighted_sum)(const float* rows, const std::uint32_t* index, const float* weight,
                       const std::uint32_t* positions, long count, long run, long width, float* out);

  /// out = sum over i < count of rows[index[i]], in order. out [width] is overwritten.
  void (*sum_rows)(const float* rows, const std::uint32_t* index, long count, long width, float* out);

  /// sum += term, n values.
  void (*add)(float* sum, const float* term, long n);

  /// Of logits z and labels y in {0, 1}: loss[i] = max(z, 0) - z y + log(1 + exp(-|z|)), gradient[i] = scale *
  /// (sigmoid(z) - y). NaN logits give NaN.
  void (*cross_entropy)(const float* logits, const float* labels, float scale, long n, float* loss, float* gradient);

  /// A running log-sum-exp, log(sum) + largest, over terms[i] + z[i]: adds n of them. Start from sum 0 and `largest` at
  /// or below any of them.
  void (*add_exponentials)(const float* z, const float* terms, long n, float* largest, float* sum);

  /// z[i] = exp(min(z[i] + term + terms[i], 0)).
  void (*exponentials)(float* z, float term, const float* terms, long n);

  /// sums[c] += sum over rows of delta[r, c]; rows are `stride` floats apart.
  void (*column_sums)(const float* delta, long rows, long columns, long stride, float* sums);

  /// delta = 0 where output <= 0 (the backward pass of ReLU, from its output), then as column_sums.
  void (*relu_backward)(const float* output, float* delta, long rows, long columns, long stride, float* sums);

  /// out = x_i . x_j of all pairs i > j, in order (1,0), (2,0), (2,1), ...: x [vectors, width], out
  /// [vectors (vectors - 1) / 2]. scratch: pair_scratch(vectors, width) floats.
  void (*pair_dots)(const float* x, long vectors, long width, float* scratch, float* out);

  /// dx_i = sum over j != i of gradient[pair(i, j)] x_j. dx [vectors, width] is overwritten. scratch as above.
  void (*pair_dots_backward)(const float* x, const float* gradient, long vectors, long width, float* scratch,
                             float* dx);

  // Optimisers on n values; impl/reference/recommender/parameter.hpp has the formulas.
  void (*sgd)(const UpdateStep& step, const float* g, float* w, long n);
  void (*adagrad)(const UpdateStep& step, const float* g, float* w, float* squares, long n);
  /// One embedding row with one number of state.
  void (*rowwise_adagrad)(const UpdateStep& step, const float* g, float* w, float* square, long n);
  void (*adam)(const UpdateStep& step, const float* g, float* w, float* m, float* v, long n);
};

namespace avx2 {
extern const RecommenderKernels recommender_kernels;
}
namespace avx512 {
extern const RecommenderKernels recommender_kernels;
}

inline const RecommenderKernels& recommender_kernels() {
  return choose(avx2::recommender_kernels, avx512::recommender_kernels);
}

}  // namespace frugal::cpu
