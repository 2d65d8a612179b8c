// Ranking evaluation, shared by every model that scores user-item pairs.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/specs.hpp"

namespace frugal {

/// One held-out item per query, ranked among given candidates or among all items.
/// Ties go against the held-out item (a constant scorer has HR 0): its rank is the number of candidates whose score is
/// greater or equal. In full ranking the held-out item is not its own candidate. In a given list it is, where the list
/// names it: it ties with itself and counts against, once for each time.
/// A held-out NaN ranks worst; a candidate NaN never ranks before the held-out item.
struct RankingQueries {
  std::span<const Interaction> held_out;  ///< [queries]
  /// [queries x per_query] items to rank against; empty: all items except those in `seen`.
  std::span<const std::uint32_t> candidates;
  int per_query = 0;  ///< candidates of a query
  /// The items that user u has interacted with, masked in full ranking: seen_items[seen_offsets[u] .. seen_offsets[u +
  /// 1]), ascending. [users + 1]; empty: none.
  std::span<const std::uint64_t> seen_offsets;
  std::span<const std::uint32_t> seen_items;  ///< [seen_offsets.back()]

  /// Among all items?
  bool full() const { return candidates.empty(); }
};

/// Ranks items for users by its scores.
class Ranker {
 public:
  virtual ~Ranker() = default;
  /// 0-based rank of each held-out item, [queries]. No score matrix is kept: memory O(queries + items).
  virtual std::vector<std::uint32_t> rank(const RankingQueries& queries) const = 0;
};

}  // namespace frugal
