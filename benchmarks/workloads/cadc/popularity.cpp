#include "benchmarks/workloads/cadc/popularity.hpp"

#include <algorithm>

namespace frugal::workloads {

PopularityRanker::PopularityRanker(const PackedPairs& train, std::uint32_t items) : counts_(items) {
  for (const Interaction& interaction : train) ++counts_[interaction.item];
  sorted_counts_ = counts_;
  std::sort(sorted_counts_.begin(), sorted_counts_.end());
}

std::vector<float> PopularityRanker::score(std::span<const Interaction> pairs) const {
  std::vector<float> scores;
  for (const Interaction& pair : pairs) scores.push_back(static_cast<float>(counts_[pair.item]));
  return scores;
}

std::uint32_t PopularityRanker::at_least(std::uint32_t count) const {
  return static_cast<std::uint32_t>(sorted_counts_.end() -
                                    std::lower_bound(sorted_counts_.begin(), sorted_counts_.end(), count));
}

std::vector<std::uint32_t> PopularityRanker::rank(const RankingQueries& queries) const {
  std::vector<std::uint32_t> ranks(queries.held_out.size());
  for (std::size_t q = 0; q < ranks.size(); ++q) {
    const std::uint32_t user = queries.held_out[q].user;
    const std::uint32_t positive = queries.held_out[q].item;
    const std::uint32_t score = counts_[positive];
    // Ties go against the held-out item.
    const auto beats = [&](std::uint32_t item) { return counts_[item] >= score; };
    if (queries.full()) {
      std::ptrdiff_t masked = 0;
      if (!queries.seen_offsets.empty()) {
        const std::uint64_t first = queries.seen_offsets[user];
        const auto seen = queries.seen_items.subspan(first, queries.seen_offsets[user + 1] - first);
        masked = std::ranges::count_if(seen, [&](std::uint32_t item) { return item != positive && beats(item); });
      }
      ranks[q] = at_least(score) - 1 - static_cast<std::uint32_t>(masked);  // 1: the held-out item itself
    } else {
      const auto candidates = queries.candidates.subspan(q * queries.per_query, queries.per_query);
      ranks[q] = static_cast<std::uint32_t>(std::count_if(candidates.begin(), candidates.end(), beats));
    }
  }
  return ranks;
}

}  // namespace frugal::workloads
