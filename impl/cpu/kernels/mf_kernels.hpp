// Kernels of matrix factorisation.
//
// Rows are padded with zeros to a multiple of row_padding floats, so no kernel has a tail.
// Deterministic: same build and instruction set, same bits.
#pragma once
#include <cstdint>

#include "impl/common/mf/example.hpp"
#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/kernels/philox_stream.hpp"

namespace frugal::cpu {

constexpr int row_padding = 16;

constexpr long padded(long dim) { return (dim + row_padding - 1) / row_padding * row_padding; }

constexpr long history_rows = 64;  ///< 16 KiB at dim 64: with the matrix of 16 KiB, first-level cache

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

constexpr int sgd_workers = 16;

/// What the workers of a group do in a round of MfSchedule. In one turn they have no row in common.
struct SgdRound {
  const MfExample* examples;                 ///< one more than there are may be read
  const std::uint32_t* begins[sgd_workers];  ///< [turns + 1]: worker a's examples of turn s start at begins[a][s]
  long turns;
};

struct MfKernels {
  /// SGD over the turns in order, in each the examples of every worker in order. For each, with z = u.v + b_u + b_i + b,
  /// g = sigmoid(z) - y and the old values on the right:
  ///   u -= lr (g v + l2 u), v -= lr (g u + l2 v), b_u -= lr (g + l2 b_u), b_i -= lr (g + l2 b_i).
  /// Returns the sum over examples of the cross-entropy before each update.
  double (*sgd)(const SgdModel& model, const SgdRound& round);

  /// Draws for `count` blocks, a multiple of 8: to[4 i + w] = Philox::scale(words[w], below) with
  /// words = Philox(seed, purpose).block(blocks[i], stream).
  void (*draw)(PhiloxStream from, std::uint32_t below, const std::uint64_t* blocks, long count, std::uint32_t* to);

  /// Upper triangle of c += rows^T rows, in tiles: what lies below the diagonal is undefined.
  /// rows [count, dim], c [dim, dim]; dim a multiple of row_padding.
  void (*gram)(const float* rows, long count, long dim, float* c);

  /// Adds the history of one row to its normal equations: of each of the `count` rows named, row^T row to the upper
  /// triangle of `matrix` (as gram does) and row to `right`. rows [.., dim], matrix [dim, dim], right [dim]; scratch
  /// [history_rows, dim].
  void (*add_history)(const float* rows, const std::uint32_t* history, long count, long dim, float* scratch,
                      float* matrix, float* right);

  /// Solves a x = b in place for several systems: each a, symmetric positive definite [dim, dim], upper triangle given,
  /// is overwritten by its Cholesky factor (a = U^T U), b by x. a [systems, dim, dim], b [systems, dim]; dim a multiple
  /// of row_padding. A system gets the same bits in any company.
  void (*solve)(float* a, long dim, float* b, long systems);
};

namespace avx2 {
extern const MfKernels mf_kernels;
}
namespace avx512 {
extern const MfKernels mf_kernels;
}
inline const MfKernels& mf_kernels() { return choose(avx2::mf_kernels, avx512::mf_kernels); }

}  // namespace frugal::cpu
