// How well a model ranks what was held out, as metrics whose names say the protocol:
//   [neg=N]         among the held-out item and N of the user's unseen items, given or drawn uniformly
//   [pop=N]         the same, drawn in proportion to the items' training interactions
//   [full]          among all items but those of the user's training interactions, and of the validation
//   [full,seen]     among all items, those too
//   [..., qK]       of the users in the K-th quarter by number of training interactions, q1 the coldest: what
//                   compressing the data costs first
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "benchmarks/workloads/shared/export.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/api/ranking.hpp"

namespace frugal::workloads {

/// The protocol of a split's candidates, "neg=99" or "pop=999"; empty when it has none.
std::string candidate_protocol(const data::Split& split);

/// 0-based rank of each held-out item among its candidates, empty places (Split) left out. [held_out]
std::vector<std::uint32_t> candidate_ranks(const data::Split& split, const Ranker& ranker);

class Evaluation {
 public:
  /// Keeps a reference to the split.
  explicit Evaluation(const data::Split& split);

  void run(const Ranker& ranker, harness::Outcome& outcome) const;

  /// Those with anything held out.
  std::vector<std::uint32_t> users() const;

  /// What the record has of all users, [neg=N] or [pop=N] and [full]: a column a metric, a row for each of users(), whose mean
  /// is the metric.
  std::vector<ExportedColumn> by_user(const Ranker& ranker) const;

 private:
  std::vector<std::uint32_t> full_ranks(const Ranker& ranker) const;
  /// Of any query, the held-out item among them.
  std::uint64_t most_candidates(const std::string& protocol) const;
  void put(const std::vector<std::uint32_t>& ranks, const std::string& protocol, harness::Outcome& outcome) const;

  const data::Split& split_;
  data::SeenItems seen_;
  std::vector<std::uint64_t> groups_;  ///< queries of the k-th user with any: [groups_[k], groups_[k + 1])
  std::vector<int> quarter_;           ///< of each such user, 0 the coldest
};

/// Mean NDCG@10 of split.validation, at most one item a user, by the split's own protocol: among as many of the user's
/// unseen items, drawn by the same law, or among all items but those in training where the split has no candidates. It
/// does not ask which items are held out for the test: they are unseen ones like any other.
class ValidationRanking {
 public:
  ValidationRanking(const data::Split& split, std::uint64_t seed);
  double ndcg(const Ranker& ranker) const;

 private:
  std::vector<Interaction> held_out_;
  std::vector<std::uint32_t> negatives_;
  int negatives_per_query_;
  data::SeenItems seen_;
};

std::vector<harness::MetricDescriptor> ranking_metrics();

}  // namespace frugal::workloads
