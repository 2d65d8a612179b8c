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

/// A mean over users.
struct RankMetric {
  const char* name;
  std::optional<double> (*of)(const GroupedRanks&);
  int first = 0;             ///< it is about the first so many, so it tells nothing of no more candidates; 0: of all
  bool of_many = false;      ///< only where a user may have several held-out items
  bool of_quarters = false;  ///< of the quarters of users too
};

constexpr RankMetric rank_metrics[] = {
    {"hr@10", [](const GroupedRanks& users) { return hit_rate(users, 10); }, 10, false, true},
    {"ndcg@10", [](const GroupedRanks& users) { return ndcg(users, 10); }, 0, false, true},
    {"mrr", [](const GroupedRanks& users) { return mean_reciprocal_rank(users); }},
    {"recall@10", [](const GroupedRanks& users) { return recall(users, 10); }, 10, true},
    {"recall@50", [](const GroupedRanks& users) { return recall(users, 50); }, 50, true},
};

bool tells(const RankMetric& metric, std::uint64_t candidates) {
  return metric.first == 0 || candidates > static_cast<std::uint64_t>(metric.first);
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

Evaluation::Evaluation(const data::Split& split) : split_(split), seen_(data::seen_before_test(split)) {
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
  const std::uint64_t most = most_candidates(protocol);
  const auto record = [&](const RankMetric& metric, const std::string& where, const GroupedRanks& users) {
    const std::string name = fmt::format("{}[{}]", metric.name, where);
    const std::optional<double> value = metric.of(users);
    if (!tells(metric, most))  // the first k of k candidates hold the item whatever the model does
      outcome.absent[name] = fmt::format("no more than {} candidates, the item itself included", most);
    else if (!value)
      outcome.absent[name] = "no user is in it";
    else
      outcome.metrics[name] = *value;
  };
  for (const RankMetric& metric : rank_metrics)
    if (!metric.of_many || split_.negatives_per_query == 0) record(metric, protocol, {ranks, groups_});
  if (protocol == "full,seen") return;
  for (int quarter = 0; quarter < quarters; ++quarter) {
    Chosen chosen;
    for (std::size_t k = 0; k < quarter_.size(); ++k) {
      if (quarter_[k] != quarter) continue;
      chosen.ranks.insert(chosen.ranks.end(), ranks.begin() + static_cast<std::ptrdiff_t>(groups_[k]),
                          ranks.begin() + static_cast<std::ptrdiff_t>(groups_[k + 1]));
      chosen.offsets.push_back(chosen.ranks.size());
    }
    for (const RankMetric& metric : rank_metrics)
      if (metric.of_quarters) record(metric, fmt::format("{},q{}", protocol, quarter + 1), chosen.grouped());
  }
}

std::vector<std::uint32_t> Evaluation::full_ranks(const Ranker& ranker) const {
  return ranker.rank(queries_of(split_.held_out, seen_));
}

std::vector<std::uint32_t> Evaluation::users() const {
  std::vector<std::uint32_t> users;
  for (std::size_t k = 0; k + 1 < groups_.size(); ++k) users.push_back(split_.held_out[groups_[k]].user);
  return users;
}

std::vector<ExportedColumn> Evaluation::by_user(const Ranker& ranker) const {
  std::vector<ExportedColumn> all;
  const auto add = [&](const std::vector<std::uint32_t>& ranks, const std::string& protocol) {
    for (const RankMetric& metric : rank_metrics) {
      if (!tells(metric, most_candidates(protocol)) || (metric.of_many && split_.negatives_per_query > 0)) continue;
      ExportedColumn column{fmt::format("{}[{}]", metric.name, protocol), {}};
      for (std::size_t k = 0; k + 1 < groups_.size(); ++k)
        column.values.push_back(metric.of({ranks, std::span(groups_).subspan(k, 2)}).value_or(0));
      all.push_back(std::move(column));
    }
  };
  if (split_.negatives_per_query > 0) add(candidate_ranks(split_, ranker), candidate_protocol(split_));
  add(full_ranks(ranker), "full");
  return all;
}

void Evaluation::run(const Ranker& ranker, harness::Outcome& outcome) const {
  put(full_ranks(ranker), "full", outcome);
  RankingQueries queries = queries_of(split_.held_out, seen_);
  queries.seen_offsets = {};
  queries.seen_items = {};
  put(ranker.rank(queries), "full,seen", outcome);
  if (split_.negatives_per_query == 0) return;
  put(candidate_ranks(split_, ranker), candidate_protocol(split_), outcome);
}

ValidationRanking::ValidationRanking(const data::Split& split, std::uint64_t seed)
    : held_out_(split.validation), negatives_per_query_(split.negatives_per_query), seen_(split, held_out_) {
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
