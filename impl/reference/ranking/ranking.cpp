#include "impl/reference/ranking/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace frugal::reference {
namespace {

double dot_score(const DotScorer& scorer, std::uint32_t user, std::uint32_t item) {
  const std::size_t dim = static_cast<std::size_t>(scorer.dim);
  double sum = scorer.item_bias ? scorer.item_bias[item] : 0;
  for (std::size_t k = 0; k < dim; ++k) sum += scorer.users[user * dim + k] * scorer.items[item * dim + k];
  return sum;
}

/// Does a candidate push the held-out item down? Ties do; a held-out NaN is below everything, a candidate NaN is not
/// above anything.
bool ranks_before(double candidate, double held_out) { return std::isnan(held_out) || candidate >= held_out; }

}  // namespace

std::vector<std::uint32_t> rank(const DotScorer& scorer, const RankingQueries& queries) {
  std::vector<std::uint32_t> ranks;
  ranks.reserve(queries.held_out.size());
  for (std::size_t q = 0; q < queries.held_out.size(); ++q) {
    const std::uint32_t user = queries.held_out[q].user, held_out = queries.held_out[q].item;
    const double score = dot_score(scorer, user, held_out);
    std::uint32_t rank = 0;
    const auto consider = [&](std::uint32_t item) {
      if (ranks_before(dot_score(scorer, user, item), score)) ++rank;
    };
    if (queries.full()) {
      std::span<const std::uint32_t> seen;
      if (!queries.seen_offsets.empty())
        seen = queries.seen_items.subspan(queries.seen_offsets[user],
                                          queries.seen_offsets[user + 1] - queries.seen_offsets[user]);
      for (std::uint32_t item = 0; item < scorer.items_count; ++item)
        if (item != held_out && !std::binary_search(seen.begin(), seen.end(), item)) consider(item);
    } else {
      const std::size_t per_query = static_cast<std::size_t>(queries.per_query);
      for (const std::uint32_t item : queries.candidates.subspan(q * per_query, per_query)) consider(item);
    }
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace frugal::reference
