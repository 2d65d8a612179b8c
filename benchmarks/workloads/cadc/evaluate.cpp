#include "benchmarks/workloads/cadc/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "datasets/interactions/negatives.hpp"
#include "impl/common/metrics.hpp"

namespace frugal::workloads {
namespace {

constexpr int quarters = 4;

RankingQueries queries_of(std::span<const Interaction> held_out, const data::SeenItems& seen) {
  RankingQueries queries;
  queries.held_out = held_out;
  queries.seen_offsets = seen.offsets;
  queries.seen_items = seen.members;
  return queries;
}

/// The ranks of the users in one quarter, or of all.
struct Chosen {
  std::vector<std::uint32_t> ranks;
  std::vector<std::uint64_t> offsets{0};
  GroupedRanks grouped() const { return {ranks, offsets}; }
};

}  // namespace

std::string candidate_protocol(const data::Split& split) {
  if (split.negatives_per_query == 0) return "";
  return fmt::format("{}={}", split.negative_law == data::NegativeLaw::popularity ? "pop" : "neg",
                     split.negatives_per_query);
}

std::vector<std::uint32_t> candidate_ranks(const data::Split& split, const Ranker& ranker) {
  RankingQueries queries;
  queries.held_out = split.held_out;
  queries.candidates = split.negatives;
  queries.per_query = split.negatives_per_query;
  std::vector<std::uint32_t> ranks = ranker.rank(queries);
  // The held-out item among its own candidates is an empty place. It ties with itself, so the ranker has counted it
  // against itself (impl/api/ranking.hpp).
  const auto per_query = static_cast<std::size_t>(split.negatives_per_query);
  for (std::size_t q = 0; q < ranks.size(); ++q) {
    const std::span<const std::uint32_t> list = std::span(split.negatives).subspan(q * per_query, per_query);
    const auto empty = static_cast<std::uint32_t>(std::ranges::count(list, split.held_out[q].item));
    ranks[q] -= std::min(ranks[q], empty);
  }
  return ranks;
}

Evaluation::Evaluation(const data::Split& split) : split_(split), seen_(split, split.held_out) {
  std::vector<std::uint64_t> activity;
  for (std::size_t q = 0; q < split.held_out.size(); ++q) {
    const std::uint32_t user = split.held_out[q].user;
    if (q > 0 && split.held_out[q - 1].user == user) continue;
    groups_.push_back(q);
    activity.push_back(seen_.of(user).size());
  }
  // Users with equally many interactions stay together only by index: the quarters are equally large.
  std::vector<std::uint32_t> order(groups_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return activity[a] < activity[b]; });
  quarter_.resize(groups_.size());
  for (std::size_t k = 0; k < order.size(); ++k) quarter_[order[k]] = static_cast<int>(quarters * k / order.size());
  groups_.push_back(split.held_out.size());
}

std::uint64_t Evaluation::most_candidates(const std::string& protocol) const {
  if (protocol == "full,seen") return split_.items;
  if (protocol != "full") return static_cast<std::uint64_t>(split_.negatives_per_query) + 1;
  std::uint64_t least_seen = split_.items;
  for (const Interaction& query : split_.held_out)
    least_seen = std::min<std::uint64_t>(least_seen, seen_.of(query.user).size());
  return split_.items - least_seen;
}

void Evaluation::put(const std::vector<std::uint32_t>& ranks, const std::string& protocol,
                     harness::Outcome& outcome) const {
  const auto put_value = [&](const char* name, const std::string& where, const std::optional<double>& value,
                             const std::string& why) {
    const std::string metric = fmt::format("{}[{}]", name, where);
    if (value && why.empty())
      outcome.metrics[metric] = *value;
    else
      outcome.absent[metric] = why.empty() ? "no user is in it" : why;
  };
  const auto record = [&](const char* name, const std::string& where, const std::optional<double>& value) {
    put_value(name, where, value, "");
  };
  // The first k of k candidates hold the item whatever the model does.
  const std::uint64_t most = most_candidates(protocol);
  const auto record_first = [&](const char* name, const std::string& where, const std::optional<double>& value, int k) {
    const bool tells = most > static_cast<std::uint64_t>(k);
    put_value(name, where, value,
              tells ? "" : fmt::format("no more than {} candidates, the item itself included", most));
  };
  const GroupedRanks all{ranks, groups_};
  record_first("hr@10", protocol, hit_rate(all, 10), 10);
  record("ndcg@10", protocol, ndcg(all, 10));
  record("mrr", protocol, mean_reciprocal_rank(all));
  if (split_.negatives_per_query == 0) {
    record_first("recall@10", protocol, recall(all, 10), 10);
    record_first("recall@50", protocol, recall(all, 50), 50);
  }
  if (protocol == "full,seen") return;
  for (int quarter = 0; quarter < quarters; ++quarter) {
    Chosen chosen;
    for (std::size_t k = 0; k < quarter_.size(); ++k) {
      if (quarter_[k] != quarter) continue;
      chosen.ranks.insert(chosen.ranks.end(), ranks.begin() + static_cast<std::ptrdiff_t>(groups_[k]),
                          ranks.begin() + static_cast<std::ptrdiff_t>(groups_[k + 1]));
      chosen.offsets.push_back(chosen.ranks.size());
    }
    const std::string where = fmt::format("{},q{}", protocol, quarter + 1);
    record_first("hr@10", where, hit_rate(chosen.grouped(), 10), 10);
    record("ndcg@10", where, ndcg(chosen.grouped(), 10));
  }
}

void Evaluation::run(const Ranker& ranker, harness::Outcome& outcome) const {
  RankingQueries queries = queries_of(split_.held_out, seen_);
  put(ranker.rank(queries), "full", outcome);
  queries.seen_offsets = {};
  queries.seen_items = {};
  put(ranker.rank(queries), "full,seen", outcome);
  if (split_.negatives_per_query == 0) return;
  put(candidate_ranks(split_, ranker), candidate_protocol(split_), outcome);
}

ValidationRanking::ValidationRanking(const data::Split& split, std::vector<Interaction> held_out, std::uint64_t seed)
    : held_out_(std::move(held_out)), negatives_per_query_(split.negatives_per_query), seen_(split, held_out_) {
  if (negatives_per_query_ == 0) return;
  data::Split watched;
  static_cast<data::Population&>(watched) = split;
  watched.train = split.train;
  watched.held_out = held_out_;
  const bool popular = split.negative_law == data::NegativeLaw::popularity;
  data::draw_negatives(watched, negatives_per_query_,
                       popular ? data::NegativeLaw::popularity : data::NegativeLaw::uniform,
                       ~seed);  // not the candidates of the test items
  negatives_ = std::move(watched.negatives);
}

double ValidationRanking::ndcg(const Ranker& ranker) const {
  RankingQueries queries = queries_of(held_out_, seen_);
  queries.candidates = negatives_;
  queries.per_query = negatives_per_query_;
  return frugal::ndcg(ranker.rank(queries), 10).value_or(0);
}

std::vector<harness::MetricDescriptor> ranking_metrics() {
  using enum harness::MetricDescriptor::Direction;
  std::vector<harness::MetricDescriptor> all;
  const std::string ties = "; ties go against the held-out item";
  for (const char* protocol : {"neg=99", "neg=999", "pop=99", "pop=999", "full", "full,seen"}) {
    const std::string_view where = protocol;
    all.push_back({fmt::format("hr@10[{}]", where), "", higher_is_better, "{:.4f}",
                   "share of users with a held-out item among the first 10" + ties});
    all.push_back({fmt::format("ndcg@10[{}]", where), "", higher_is_better, "{:.4f}",
                   "normalised discounted cumulative gain at 10" + ties});
    all.push_back({fmt::format("mrr[{}]", where), "", higher_is_better, "{:.4f}",
                   "mean reciprocal rank of a user's first held-out item" + ties});
    if (where.starts_with("full"))
      for (const int k : {10, 50})
        all.push_back({fmt::format("recall@{}[{}]", k, where), "", higher_is_better, "{:.4f}",
                       "share of a user's held-out items among the first k, of the most that fit; not leave-one-out"});
    if (where == "full,seen") continue;
    for (int quarter = 1; quarter <= quarters; ++quarter)
      for (const char* name : {"hr@10", "ndcg@10"})
        all.push_back({fmt::format("{}[{},q{}]", name, where, quarter), "", informative, "{:.4f}",
                       "of a quarter of the users by number of training interactions, q1 the coldest" + ties});
  }
  return all;
}

}  // namespace frugal::workloads
