// Ranking by dot products without a score matrix: items are compared with the held-out one while their scores are still
// in registers. Parallel over queries; the result does not depend on the number of threads.
#pragma once
#include <cstdint>
#include <vector>

#include "impl/api/ranking.hpp"

namespace frugal::cpu {

/// score(u, i) = users[u] . items[i] + item_bias[i]. A user bias would not change any rank, so there is none.
struct DotScorer {
  const float* users;      ///< [users, dim], row = user id
  const float* items;      ///< [items_count, dim]
  const float* item_bias;  ///< [items_count], or null
  std::uint32_t items_count;
  int dim;
};

/// 0-based rank of each held-out item, as impl/api/ranking.hpp defines it. The scores of one query come from one
/// arithmetic, so equal embeddings tie exactly.
std::vector<std::uint32_t> rank(const DotScorer& scorer, const RankingQueries& queries);

}  // namespace frugal::cpu
