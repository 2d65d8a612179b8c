#include "impl/cpu/ranking/ranking.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/ranking_kernels.hpp"

namespace frugal::cpu {
namespace {

/// Is the work of `pairs` dot products enough for waking a team of threads to pay?
bool pays_for_a_team(const DotScorer& scorer, std::size_t pairs) {
  return static_cast<double>(pairs) * scorer.dim >= 1e6;
}

constexpr std::size_t query_block = 48;    ///< queries that share a panel while it is in the first-level cache
constexpr std::size_t chunk_panels = 256;  ///< panels whose bit masks are built at once: 1 KiB a query

/// The items in panels (kernels/ranking_kernels.hpp); the last panel is filled up with zeros, which no mask allows.
AlignedBuffer<float> pack_items(const DotScorer& scorer, std::size_t panels) {
  const std::size_t dim = static_cast<std::size_t>(scorer.dim);
  const std::size_t panel_floats = item_panel * (dim + 1);
  AlignedBuffer<float> packed(panels * panel_floats);
  const bool team = pays_for_a_team(scorer, scorer.items_count);
#pragma omp parallel for if (team)
  for (std::size_t p = 0; p < panels; ++p) {
    float* panel = packed.data() + p * panel_floats;
    std::fill_n(panel, panel_floats, 0.F);
    const std::size_t count = std::min<std::size_t>(item_panel, scorer.items_count - p * item_panel);
    for (std::size_t l = 0; l < count; ++l) {
      const std::size_t item = p * item_panel + l;
      if (scorer.item_bias) panel[l] = scorer.item_bias[item];
      for (std::size_t k = 0; k < dim; ++k) panel[(k + 1) * item_panel + l] = scorer.items[item * dim + k];
    }
  }
  return packed;
}

/// Which items a query is ranked against: all but those seen and the held-out one, as bits, a chunk of items at a time.
class AllowedItems {
 public:
  AllowedItems(const RankingQueries& queries, const Interaction& held_out, std::uint32_t items)
      : held_out_(held_out.item), items_(items) {
    if (queries.seen_offsets.empty()) return;
    next_ = queries.seen_items.data() + queries.seen_offsets[held_out.user];
    end_ = queries.seen_items.data() + queries.seen_offsets[held_out.user + 1];
  }

  /// Fills `words` for the items from `first` on. Chunks must come in ascending order.
  void fill(std::uint64_t first, std::size_t count, std::uint32_t* words) {
    std::fill_n(words, count, 0xffffffffU);
    const std::uint64_t last = first + count * item_panel;
    for (; next_ != end_ && *next_ < last; ++next_) forbid(*next_ - first, words);
    if (held_out_ >= first && held_out_ < last) forbid(held_out_ - first, words);
    for (std::uint64_t item = items_; item < last; ++item) forbid(item - first, words);
  }

 private:
  static void forbid(std::uint64_t bit, std::uint32_t* words) {
    words[bit / item_panel] &= ~(1U << (bit % item_panel));
  }

  std::uint32_t held_out_;
  std::uint64_t items_;
  const std::uint32_t* next_ = nullptr;
  const std::uint32_t* end_ = nullptr;
};

/// Ranks queries [begin, end), at most query_block, against all items.
void rank_block(const DotScorer& scorer, const float* packed, std::size_t panels, const RankingQueries& queries,
                std::size_t begin, std::size_t end, std::uint32_t* ranks) {
  const RankingKernels& kernels = ranking_kernels();
  const std::size_t dim = static_cast<std::size_t>(scorer.dim);
  const std::size_t count = end - begin;
  std::vector<AllowedItems> allowed;
  std::vector<std::uint32_t> words(count * chunk_panels);
  const std::uint32_t* word_rows[query_block];
  const float* users[query_block];
  float threshold[query_block];
  for (std::size_t q = 0; q < count; ++q) {
    const Interaction& pair = queries.held_out[begin + q];
    allowed.emplace_back(queries, pair, scorer.items_count);
    word_rows[q] = words.data() + q * chunk_panels;
    users[q] = scorer.users + pair.user * dim;
    threshold[q] = kernels.score(users[q], scorer.items + pair.item * dim,
                                 scorer.item_bias ? scorer.item_bias[pair.item] : 0.F, scorer.dim);
    ranks[begin + q] = 0;
  }
  for (std::size_t first = 0; first < panels; first += chunk_panels) {
    const std::size_t chunk = std::min(chunk_panels, panels - first);
    for (std::size_t q = 0; q < count; ++q) {
      std::uint32_t* row = words.data() + q * chunk_panels;
      allowed[q].fill(first * item_panel, chunk, row);
      // NaN ranks worst: every allowed item counts.
      if (std::isnan(threshold[q]))
        for (std::size_t w = 0; w < chunk; ++w) ranks[begin + q] += static_cast<std::uint32_t>(std::popcount(row[w]));
    }
    kernels.count_panels(users, static_cast<long>(count), packed + first * item_panel * (dim + 1),
                         static_cast<long>(chunk), scorer.dim, threshold, word_rows, ranks + begin);
  }
}

std::vector<std::uint32_t> rank_among_all(const DotScorer& scorer, const RankingQueries& queries) {
  const std::size_t panels = (static_cast<std::size_t>(scorer.items_count) + item_panel - 1) / item_panel;
  const AlignedBuffer<float> packed = pack_items(scorer, panels);
  const std::size_t count = queries.held_out.size();
  std::vector<std::uint32_t> ranks(count);
  const bool team = pays_for_a_team(scorer, count * scorer.items_count);
#pragma omp parallel for schedule(dynamic, 1) if (team)
  for (std::size_t begin = 0; begin < count; begin += query_block)
    rank_block(scorer, packed.data(), panels, queries, begin, std::min(count, begin + query_block), ranks.data());
  return ranks;
}

}  // namespace

std::vector<std::uint32_t> rank(const DotScorer& scorer, const RankingQueries& queries) {
  if (queries.full()) return rank_among_all(scorer, queries);
  const RankingKernels& kernels = ranking_kernels();
  const std::size_t dim = static_cast<std::size_t>(scorer.dim);
  std::vector<std::uint32_t> ranks(queries.held_out.size());
  const bool team = pays_for_a_team(scorer, queries.candidates.size());
#pragma omp parallel for schedule(dynamic, 64) if (team)
  for (std::size_t q = 0; q < ranks.size(); ++q) {
    const Interaction& pair = queries.held_out[q];
    ranks[q] = kernels.rank_candidates(scorer.users + pair.user * dim, scorer.items, scorer.item_bias, scorer.dim,
                                       pair.item, queries.candidates.data() + q * queries.per_query, queries.per_query);
  }
  return ranks;
}

}  // namespace frugal::cpu
