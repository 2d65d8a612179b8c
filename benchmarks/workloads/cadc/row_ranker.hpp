// Models that score all items of a user at once: the closed-form baselines.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/api/ranking.hpp"

namespace frugal::workloads {

class RowRanker : public Ranker {
 public:
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const final;
  std::vector<float> score(std::span<const Interaction> pairs) const;  ///< [pairs]

  /// One user against all items; a fused multiply-add counts 2.
  virtual double inference_flops() const = 0;

 protected:
  explicit RowRanker(std::uint32_t items) : items_(items) {}
  std::uint32_t items() const { return items_; }

 private:
  /// Writes the score of every item. row: [items], zeros.
  virtual void score_items(std::uint32_t user, std::span<float> row) const = 0;

  std::uint32_t items_;
};

}  // namespace frugal::workloads
