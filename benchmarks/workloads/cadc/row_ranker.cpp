#include "benchmarks/workloads/cadc/row_ranker.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace frugal::workloads {
namespace {

/// Calls use(k, row of the user of pair k); neighbours of one user share a row.
template <class ScoreItems, class Use>
void with_rows(std::span<const Interaction> pairs, std::size_t items, ScoreItems score_items, Use use) {
  std::vector<float> row(items);
  std::optional<std::uint32_t> scored;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    if (scored != pairs[k].user) {
      std::ranges::fill(row, 0.0F);
      score_items(pairs[k].user, row);
      scored = pairs[k].user;
    }
    use(k, std::span<const float>(row));
  }
}

}  // namespace

std::vector<float> RowRanker::score(std::span<const Interaction> pairs) const {
  std::vector<float> scores(pairs.size());
  with_rows(
      pairs, items_, [&](std::uint32_t user, std::span<float> row) { score_items(user, row); },
      [&](std::size_t k, std::span<const float> row) { scores[k] = row[pairs[k].item]; });
  return scores;
}

std::vector<std::uint32_t> RowRanker::rank(const RankingQueries& queries) const {
  std::vector<std::uint32_t> ranks(queries.held_out.size());
  const auto rank_one = [&](std::size_t q, std::span<const float> row) {
    const std::uint32_t user = queries.held_out[q].user;
    const std::uint32_t held_out = queries.held_out[q].item;
    const float score = row[held_out];
    const auto beats = [&](float other) { return std::isnan(score) || other >= score; };  // ties go against it
    if (!queries.full()) {
      const std::size_t per_query = static_cast<std::size_t>(queries.per_query);
      ranks[q] = static_cast<std::uint32_t>(std::ranges::count_if(
          queries.candidates.subspan(q * per_query, per_query), [&](std::uint32_t item) { return beats(row[item]); }));
      return;
    }
    std::ptrdiff_t before = std::ranges::count_if(row, beats) - 1;  // 1: the held-out item itself
    if (!queries.seen_offsets.empty()) {
      const std::uint64_t first = queries.seen_offsets[user];
      before -= std::ranges::count_if(queries.seen_items.subspan(first, queries.seen_offsets[user + 1] - first),
                                      [&](std::uint32_t item) { return item != held_out && beats(row[item]); });
    }
    ranks[q] = static_cast<std::uint32_t>(before);
  };
  with_rows(
      queries.held_out, items_, [&](std::uint32_t user, std::span<float> row) { score_items(user, row); }, rank_one);
  return ranks;
}

}  // namespace frugal::workloads
