#include "benchmarks/workloads/cadc/rankings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "benchmarks/workloads/cadc/evaluate.hpp"
#include "benchmarks/workloads/shared/export.hpp"
#include "impl/base/files.hpp"

namespace frugal::workloads {
namespace {

constexpr std::size_t full_depth = 100;

std::string word_of(const std::vector<std::string>& names, std::uint32_t index) {
  std::string word;
  for (const char c : id_of(names, index)) {
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    word += blank || c == '%' ? fmt::format("%{:02X}", static_cast<unsigned>(c)) : std::string(1, c);
  }
  return word;
}

/// Where the model's evaluation has a held-out item.
struct Placed {
  std::uint32_t item;
  std::uint32_t rank;  ///< 0-based
};

/// The first `depth` items for a user, best first: the others by score, each held-out item at its rank.
std::vector<std::uint32_t> ranked(std::vector<std::uint32_t> others, std::span<const float> scores,
                                  std::vector<Placed> held_out, std::size_t depth) {
  std::vector<std::size_t> order(others.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t needed = std::min(depth, order.size());
  const auto before = [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(needed), order.end(), before);
  std::ranges::stable_sort(held_out, {}, &Placed::rank);
  std::vector<std::uint32_t> items;
  std::size_t other = 0;
  std::size_t held = 0;
  while (items.size() < depth && (other < needed || held < held_out.size())) {
    const bool is_due = held < held_out.size() && (held_out[held].rank <= items.size() || other == needed);
    items.push_back(is_due ? held_out[held++].item : others[order[other++]]);
  }
  return items;
}

/// Strictly falling, as tools sort by it; what is not finite counts as the lowest.
std::vector<float> falling(std::vector<float> scores) {
  constexpr float lowest = -1e30F;
  float bound = std::numeric_limits<float>::infinity();
  for (float& score : scores) {
    if (!std::isfinite(score)) score = lowest;
    if (score >= bound) score = std::nextafter(bound, -std::numeric_limits<float>::infinity());
    bound = score;
  }
  return scores;
}

class RunFile {
 public:
  RunFile(const std::filesystem::path& path, const data::Split& split, const ScorePairs& score)
      : file_(path), split_(split), score_(score) {}

  /// `others`: candidates that are not held out.
  void add(std::uint32_t user, std::vector<std::uint32_t> others, const std::vector<Placed>& held_out,
           std::size_t depth) {
    std::vector<float> scores = scores_of(user, others);
    for (float& score : scores)
      if (std::isnan(score)) score = -std::numeric_limits<float>::infinity();
    const std::vector<std::uint32_t> items = ranked(std::move(others), scores, held_out, depth);
    const std::vector<float> written = falling(scores_of(user, items));
    const std::string name = word_of(split_.user_names, user);
    std::string lines;
    for (std::size_t i = 0; i < items.size(); ++i)
      lines +=
          fmt::format("{} Q0 {} {} {:.9g} frugal\n", name, word_of(split_.item_names, items[i]), i + 1, written[i]);
    file_.write(lines);
  }
  void finish() { file_.finish(); }

 private:
  std::vector<float> scores_of(std::uint32_t user, const std::vector<std::uint32_t>& items) const {
    std::vector<Interaction> pairs;
    pairs.reserve(items.size());
    for (const std::uint32_t item : items) pairs.push_back({user, item});
    return score_(pairs);
  }

  FileWriter file_;
  const data::Split& split_;
  const ScorePairs& score_;
};

void write_qrels(const std::filesystem::path& path, const data::Split& split) {
  FileWriter file(path);
  for (const Interaction& pair : split.held_out)
    file.write(fmt::format("{} 0 {} 1\n", word_of(split.user_names, pair.user), word_of(split.item_names, pair.item)));
  file.finish();
}

}  // namespace

void export_training(const std::filesystem::path& file, const data::Split& split) {
  FileWriter writer(file);
  writer.write("user\titem\n");
  const auto write = [&](const Interaction& pair) {
    writer.write(
        fmt::format("{}\t{}\n", escaped_id(split.user_names, pair.user), escaped_id(split.item_names, pair.item)));
  };
  for (const Interaction& pair : split.train) write(pair);
  for (const Interaction& pair : split.validation) write(pair);
  writer.finish();
}

void export_rankings(const std::filesystem::path& folder, const data::Split& split, const Ranker& ranker,
                     const ScorePairs& score, const std::function<void(double)>& progress) {
  write_qrels(folder / "qrels.trec", split);
  const std::size_t queries = split.held_out.size();
  RankingQueries asked;
  asked.held_out = split.held_out;
  if (const auto per_query = static_cast<std::size_t>(split.negatives_per_query); per_query > 0) {
    const std::vector<std::uint32_t> ranks = candidate_ranks(split, ranker);
    RunFile file(folder / fmt::format("run_{}.trec", candidate_protocol(split)), split, score);
    for (std::size_t q = 0; q < queries; ++q) {
      const auto [user, item] = split.held_out[q];
      const auto first = split.negatives.begin() + static_cast<std::ptrdiff_t>(q * per_query);
      std::vector<std::uint32_t> others(first, first + static_cast<std::ptrdiff_t>(per_query));
      std::erase(others, item);  // an empty place (Split)
      file.add(user, std::move(others), {{item, ranks[q]}}, per_query + 1);
      progress(0.5 * static_cast<double>(q) / static_cast<double>(queries));
    }
    file.finish();
  }
  const data::SeenItems seen = data::seen_before_test(split);
  asked.seen_offsets = seen.offsets;
  asked.seen_items = seen.members;
  const std::vector<std::uint32_t> ranks = ranker.rank(asked);
  RunFile file(folder / "run_full.trec", split, score);
  for (std::size_t begin = 0; begin < queries;) {
    const std::uint32_t user = split.held_out[begin].user;
    std::vector<Placed> held_out;
    std::vector<std::uint32_t> hidden(seen.of(user).begin(), seen.of(user).end());
    std::size_t end = begin;
    for (; end < queries && split.held_out[end].user == user; ++end) {
      held_out.push_back({split.held_out[end].item, ranks[end]});
      hidden.push_back(split.held_out[end].item);
    }
    std::ranges::sort(hidden);
    std::vector<std::uint32_t> others;
    for (std::uint32_t item = 0; item < split.items; ++item)
      if (!std::ranges::binary_search(hidden, item)) others.push_back(item);
    file.add(user, std::move(others), held_out, full_depth);
    begin = end;
    progress(0.5 + 0.5 * static_cast<double>(begin) / static_cast<double>(queries));
  }
  file.finish();
}

}  // namespace frugal::workloads
