// Kernels of matrix factorisation.
//
// Rows are padded with zeros to a multiple of row_padding floats, so no kernel has a tail.
// Deterministic: same build and instruction set, same bits.
#pragma once
#include <cstdint>

#include "impl/cpu/kernels/isa.hpp"

namespace frugal::cpu {

constexpr int row_padding = 16;

constexpr long padded(long dim) { return (dim + row_padding - 1) / row_padding * row_padding; }

/// One example of logistic SGD: row numbers, and the label in the top bit of the item.
struct MfExample {
  static constexpr std::uint32_t positive = 0x80000000U;
  std::uint32_t user;
  std::uint32_t item;
};

struct SgdModel {
  float* users;      ///< [users, stride]
  float* items;      ///< [items, stride]
  float* user_bias;  ///< [users]
  float* item_bias;  ///< [items]
  long stride;       ///< padded(dim)
  float global_bias;
  float learning_rate;
  float l2;
};

struct MfKernels {
  /// SGD over `count` examples in order. For each, with z = u.v + b_u + b_i + b, g = sigmoid(z) - y and the old values
  /// on the right:
  ///   u -= lr (g v + l2 u), v -= lr (g u + l2 v), b_u -= lr (g + l2 b_u), b_i -= lr (g + l2 b_i).
  /// Returns the sum over examples of the cross-entropy before each update.
  double (*sgd)(const SgdModel& model, const MfExample* examples, long count);

  /// Upper triangle of c += rows^T rows, in tiles: what lies below the diagonal is undefined.
  /// rows [count, dim], c [dim, dim]; dim a multiple of row_padding.
  void (*gram)(const float* rows, long count, long dim, float* c);

  /// Solves a x = b in place: a symmetric positive definite [dim, dim], upper triangle given, is overwritten by its
  /// Cholesky factor (a = U^T U), b [dim] by x. dim a multiple of row_padding.
  void (*solve)(float* a, long dim, float* b);
};

namespace avx2 {
extern const MfKernels mf_kernels;
}
namespace avx512 {
extern const MfKernels mf_kernels;
}
inline const MfKernels& mf_kernels() { return choose(avx2::mf_kernels, avx512::mf_kernels); }

}  // namespace frugal::cpu
