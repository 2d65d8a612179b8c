// The control that any recommender must beat: the same score for everybody, the item's number of training interactions.
#pragma once
#include <span>
#include <vector>

#include "impl/api/ranking.hpp"
#include "impl/common/packed_pairs.hpp"

namespace frugal::workloads {

class PopularityRanker final : public Ranker {
 public:
  PopularityRanker(const PackedPairs& train, std::uint32_t items);
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override;
  std::vector<float> score(std::span<const Interaction> pairs) const;  ///< [pairs]

 private:
  std::uint32_t at_least(std::uint32_t count) const;  ///< items with at least that count

  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> sorted_counts_;
};

}  // namespace frugal::workloads
