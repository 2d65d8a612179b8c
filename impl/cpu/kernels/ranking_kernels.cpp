#include "impl/cpu/kernels/ranking_kernels.hpp"

#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

// A tile of tile_queries x tile_items scores stays in registers: 24 (AVX-512) or 12 (AVX2) accumulators.
constexpr int tile_vectors = 2;
constexpr int tile_queries = Lanes::width == 16 ? 12 : 6;
constexpr int tile_items = tile_vectors * Lanes::width;
static_assert(item_panel % tile_items == 0);

float score(const float* u, const float* v, float bias, long dim) {
  float sum = bias;
  for (long k = 0; k < dim; ++k) sum = __builtin_fmaf(u[k], v[k], sum);
  return sum;
}

/// `panel` points at the bias of the tile's first item.
inline void count_tile(const float* const* users, const float* panel, long dim, const float* threshold,
                       const std::uint32_t* const* allowed, long word, int shift, std::uint32_t* counts) {
  constexpr int width = Lanes::width;
  Lanes sums[tile_queries][tile_vectors];
#pragma GCC unroll 12
  for (int q = 0; q < tile_queries; ++q)
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) sums[q][v] = load(panel + v * width);
  for (long k = 0; k < dim; ++k) {
    panel += item_panel;
    Lanes factors[tile_vectors];
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) factors[v] = load(panel + v * width);
#pragma GCC unroll 12
    for (int q = 0; q < tile_queries; ++q) {
      const Lanes u = broadcast(users[q][k]);
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) sums[q][v] = fma(u, factors[v], sums[q][v]);
    }
  }
#pragma GCC unroll 12
  for (int q = 0; q < tile_queries; ++q) {
    const Lanes bar = broadcast(threshold[q]);
    unsigned above = 0;
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) above |= not_below(sums[q][v], bar) << (v * width);
    counts[q] += static_cast<std::uint32_t>(__builtin_popcount(above & (allowed[q][word] >> shift)));
  }
}

void count_panels(const float* const* users, long queries, const float* panels, long panel_count, long dim,
                  const float* threshold, const std::uint32_t* const* allowed, std::uint32_t* counts) {
  const long panel_floats = item_panel * (dim + 1);
  for (long p = 0; p < panel_count; ++p) {
    for (long q = 0; q < queries; q += tile_queries) {
      // The last tile repeats its last query; the repetitions count into the bin.
      const float* tile_users[tile_queries];
      const std::uint32_t* tile_allowed[tile_queries];
      float tile_threshold[tile_queries];
      std::uint32_t tile_counts[tile_queries] = {};
      for (int i = 0; i < tile_queries; ++i) {
        const long source = q + i < queries ? q + i : queries - 1;
        tile_users[i] = users[source];
        tile_allowed[i] = allowed[source];
        tile_threshold[i] = threshold[source];
      }
      for (int first = 0; first < item_panel; first += tile_items)
        count_tile(tile_users, panels + p * panel_floats + first, dim, tile_threshold, tile_allowed, p, first,
                   tile_counts);
      for (int i = 0; i < tile_queries && q + i < queries; ++i) counts[q + i] += tile_counts[i];
    }
  }
}

inline float dot(const float* u, const float* v, long dim) {
  Lanes lanes = zero();
  long k = 0;
  for (; k + Lanes::width <= dim; k += Lanes::width) lanes = fma(load(u + k), load(v + k), lanes);
  float result = sum(lanes);
  for (; k < dim; ++k) result = __builtin_fmaf(u[k], v[k], result);
  return result;
}

std::uint32_t rank_candidates(const float* u, const float* items, const float* bias, long dim, std::uint32_t held_out,
                              const std::uint32_t* candidates, long count) {
  constexpr long ahead = 8;
  const float bar = dot(u, items + held_out * dim, dim) + (bias ? bias[held_out] : 0.F);
  std::uint32_t rank = 0;
  for (long c = 0; c < count; ++c) {
    if (c + ahead < count) {
      const float* next = items + candidates[c + ahead] * dim;
      for (long k = 0; k < dim; k += 16) _mm_prefetch(reinterpret_cast<const char*>(next + k), _MM_HINT_T0);
    }
    const std::uint32_t item = candidates[c];
    const float other = dot(u, items + item * dim, dim) + (bias ? bias[item] : 0.F);
    // A held-out score of NaN is worst: then every candidate counts.
    rank += bar != bar || other >= bar ? 1U : 0U;
  }
  return rank;
}

}  // namespace

extern const RankingKernels ranking_kernels;
const RankingKernels ranking_kernels = {score, count_panels, rank_candidates};

}  // namespace frugal::cpu::FRUGAL_ISA
