// Ranking by dot products without a score matrix: items are compared with the held-out one while their scores are still
// in registers.
#pragma once
#include <cstdint>
#include <vector>

#include "impl/api/ranking.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// score(u, i) = users[u] . items[i] + item_bias[i]. A user bias would not change any rank, so there is none.
/// Arrays in device memory.
struct DotScorer {
  const float* users;      ///< [users, stride], row = user id
  const float* items;      ///< [items_count, stride]
  const float* item_bias;  ///< [items_count], or null
  std::uint32_t items_count;
  unsigned dim;
  unsigned stride;  ///< floats from one row to the next, of both
};

/// The one arithmetic of all scores: the bias, then the factors in order, each by a fused multiply-add. Equal
/// embeddings tie exactly, whichever kernel scores them.
__device__ inline float pair_score(const float* u, const float* v, float bias, unsigned dim) {
  float sum = bias;
  for (unsigned k = 0; k < dim; ++k) sum = fmaf(u[k], v[k], sum);
  return sum;
}

/// 0-based rank of each held-out item, as impl/api/ranking.hpp defines it.
std::vector<std::uint32_t> rank(const DotScorer& scorer, const RankingQueries& queries, const Stream& stream);

}  // namespace frugal::cuda
