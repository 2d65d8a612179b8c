// Ranking by dot products: the definition, one score after another in double.
#pragma once
#include <cstdint>
#include <vector>

#include "impl/api/ranking.hpp"

namespace frugal::reference {

/// score(u, i) = users[u] . items[i] + item_bias[i]. A user bias would not change any rank, so there is none.
struct DotScorer {
  const double* users;      ///< [users, dim], row = user id
  const double* items;      ///< [items_count, dim]
  const double* item_bias;  ///< [items_count], or null
  std::uint32_t items_count;
  int dim;
};

/// 0-based rank of each held-out item, as impl/api/ranking.hpp defines it.
std::vector<std::uint32_t> rank(const DotScorer& scorer, const RankingQueries& queries);

}  // namespace frugal::reference
