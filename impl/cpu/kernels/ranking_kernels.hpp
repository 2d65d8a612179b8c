// Kernels of ranking by dot products: scores are compared with a threshold while they are in registers.
//
// Each kernel gives the held-out item and its rivals one arithmetic, so equal embeddings give equal scores.
// Exact counts; deterministic for one instruction set.
#pragma once
#include <cstdint>

#include "impl/cpu/kernels/isa.hpp"

namespace frugal::cpu {

/// Items of one panel: item_panel * (dim + 1) floats, first the biases, then factor k of every item.
constexpr int item_panel = 32;

struct RankingKernels {
  /// The score that count_panels gives a pair: bias + u_0 v_0 + u_1 v_1 + ..., one fused multiply-add after another.
  float (*score)(const float* u, const float* v, float bias, long dim);

  /// counts[q] += the number of items of the panels with score >= threshold[q] whose bit in allowed[q] is set; a NaN on
  /// either side counts nothing.
  /// users: `queries` rows of dim floats; panels: `panel_count` panels; allowed[q]: a word of 32 items for each panel.
  void (*count_panels)(const float* const* users, long queries, const float* panels, long panel_count, long dim,
                       const float* threshold, const std::uint32_t* const* allowed, std::uint32_t* counts);

  /// The number of candidates that score at least as high as held_out; held_out among them counts.
  /// All of them when the score of held_out is NaN. items [., dim]; bias [.] or null.
  std::uint32_t (*rank_candidates)(const float* u, const float* items, const float* bias, long dim,
                                   std::uint32_t held_out, const std::uint32_t* candidates, long count);
};

namespace avx2 {
extern const RankingKernels ranking_kernels;
}
namespace avx512 {
extern const RankingKernels ranking_kernels;
}
inline const RankingKernels& ranking_kernels() { return choose(avx2::ranking_kernels, avx512::ranking_kernels); }

}  // namespace frugal::cpu
