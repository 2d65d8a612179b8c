// Ranks by counting. Among all items:
//
//   rank = |{i : score(i) >= bar}| - |{i seen or held out : score(i) >= bar}|,   bar the held-out item's score
//
// The first count runs in tiles of a product, 64 queries by 64 items a block, over all items and without a mask; the
// second, per query, over the few items that the first should have left out. Both, and the bar, come from the
// arithmetic of pair_score, so that they agree on every item. A NaN of the bar lets every item count, a NaN of an item
// never does.
//
// Shapes: users and items [., stride]; counts [splits, queries]. Memory O(queries + items + seen). Exact counts of
// fp32 scores; deterministic: sums of integers. Against `reference`: ranks differ only by near-ties, items within
// 8 eps sqrt(dim + 1) of the bar (impl/equivalence).
#include <algorithm>
#include <stdexcept>
#include <string>

#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/ranking/ranking.hpp"

namespace frugal::cuda {
namespace {

__device__ inline bool ranks_before(float candidate, float bar) { return bar != bar || candidate >= bar; }

__device__ inline float bias_of(const DotScorer& scorer, std::uint32_t item) {
  return scorer.item_bias == nullptr ? 0.F : scorer.item_bias[item];
}

__device__ inline float score_of(const DotScorer& scorer, std::uint32_t user, std::uint32_t item) {
  return pair_score(scorer.users + std::size_t{user} * scorer.stride, scorer.items + std::size_t{item} * scorer.stride,
                    bias_of(scorer, item), scorer.dim);
}

__global__ void score_held_out(DotScorer scorer, const Interaction* held_out, std::uint32_t queries, float* bars) {
  const std::uint32_t q = blockIdx.x * blockDim.x + threadIdx.x;
  if (q < queries) bars[q] = score_of(scorer, held_out[q].user, held_out[q].item);
}

constexpr unsigned side = 64;   // queries and items of a tile
constexpr unsigned depth = 16;  // factors of both at a time
constexpr unsigned own = 4;     // a thread has own x own scores
constexpr unsigned tile_threads = (side / own) * (side / own);

/// counts[split, q]: items of the split that rank before query q's held-out item, seen ones included.
/// Grid: (tiles of queries, splits); a split is `split_tiles` tiles of items.
__global__ void __launch_bounds__(tile_threads)
    count_all(DotScorer scorer, const Interaction* held_out, const float* bars, std::uint32_t queries,
              unsigned split_tiles, std::uint32_t* counts) {
  __shared__ float user_tile[depth][side + 1];
  __shared__ float item_tile[depth][side + 1];
  __shared__ std::uint32_t found[side];
  const unsigned t = threadIdx.x;
  const unsigned query_lane = t / (side / own);  // its queries: query_lane + i * 16
  const unsigned item_lane = t % (side / own);
  const std::uint32_t first_query = blockIdx.x * side;
  if (t < side) found[t] = 0;

  // The rows that this thread loads: factor t % depth of rows t / depth, t / depth + 16, ...
  constexpr unsigned loads = side * depth / tile_threads;
  const float* user_rows[loads];
  for (unsigned i = 0; i < loads; ++i) {
    const std::uint32_t q = first_query + t / depth + i * (tile_threads / depth);
    user_rows[i] = q < queries ? scorer.users + std::size_t{held_out[q].user} * scorer.stride : nullptr;
  }
  float bar[own];
  for (unsigned i = 0; i < own; ++i) {
    const std::uint32_t q = first_query + query_lane + i * (side / own);
    bar[i] = q < queries ? bars[q] : 0.F;
  }
  std::uint32_t above[own] = {};

  const std::uint64_t split_begin = std::uint64_t{blockIdx.y} * split_tiles * side;
  for (unsigned tile = 0; tile < split_tiles; ++tile) {
    const std::uint64_t first_item = split_begin + std::uint64_t{tile} * side;
    if (first_item >= scorer.items_count) break;
    float scores[own][own];
    for (unsigned j = 0; j < own; ++j) {
      const std::uint64_t item = first_item + item_lane + j * (side / own);
      const float bias = item < scorer.items_count ? bias_of(scorer, static_cast<std::uint32_t>(item)) : 0.F;
      for (unsigned i = 0; i < own; ++i) scores[i][j] = bias;
    }
    for (unsigned first_k = 0; first_k < scorer.dim; first_k += depth) {
      const unsigned k = first_k + t % depth;
      for (unsigned i = 0; i < loads; ++i) {
        const unsigned row = t / depth + i * (tile_threads / depth);
        const std::uint64_t item = first_item + row;
        user_tile[t % depth][row] = k < scorer.dim && user_rows[i] != nullptr ? user_rows[i][k] : 0.F;
        item_tile[t % depth][row] =
            k < scorer.dim && item < scorer.items_count ? scorer.items[item * scorer.stride + k] : 0.F;
      }
      __syncthreads();
      const unsigned here = min(depth, scorer.dim - first_k);
      for (unsigned d = 0; d < here; ++d) {
        float u[own];
        float v[own];
        for (unsigned i = 0; i < own; ++i) u[i] = user_tile[d][query_lane + i * (side / own)];
        for (unsigned j = 0; j < own; ++j) v[j] = item_tile[d][item_lane + j * (side / own)];
        for (unsigned i = 0; i < own; ++i)
          for (unsigned j = 0; j < own; ++j) scores[i][j] = fmaf(u[i], v[j], scores[i][j]);
      }
      __syncthreads();
    }
    for (unsigned j = 0; j < own; ++j) {
      if (first_item + item_lane + j * (side / own) >= scorer.items_count) continue;
      for (unsigned i = 0; i < own; ++i) above[i] += ranks_before(scores[i][j], bar[i]) ? 1 : 0;
    }
  }
  __syncthreads();
  for (unsigned i = 0; i < own; ++i) atomicAdd(&found[query_lane + i * (side / own)], above[i]);
  __syncthreads();
  if (t < side && first_query + t < queries) counts[std::size_t{blockIdx.y} * queries + first_query + t] = found[t];
}

/// One warp a query: the splits' counts, less the held-out item and what the user has seen.
__global__ void __launch_bounds__(128)
    finish_ranks(DotScorer scorer, const Interaction* held_out, const float* bars, std::uint32_t queries,
                 const std::uint32_t* counts, unsigned splits, const std::uint64_t* seen_offsets,
                 const std::uint32_t* seen, std::uint32_t* ranks) {
  const unsigned lane = threadIdx.x % 32;
  const std::uint32_t q = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  if (q >= queries) return;
  const Interaction pair = held_out[q];
  std::uint32_t rank = 0;
  for (unsigned s = lane; s < splits; s += 32) rank += counts[std::size_t{s} * queries + q];
  if (seen_offsets != nullptr) {
    const std::uint64_t begin = seen_offsets[pair.user];
    const std::uint64_t end = seen_offsets[pair.user + 1];
    for (std::uint64_t i = begin + lane; i < end; i += 32) {
      const std::uint32_t item = seen[i];
      const bool again = i > begin && seen[i - 1] == item;
      if (!again && item != pair.item && ranks_before(score_of(scorer, pair.user, item), bars[q])) --rank;
    }
  }
  rank = sum_over_warp(rank);          // modulo 2^32, in which the differences are right
  if (lane == 0) ranks[q] = rank - 1;  // the held-out item counted itself
}

/// One warp a query, lanes over its candidates.
__global__ void __launch_bounds__(128)
    rank_candidates(DotScorer scorer, const Interaction* held_out, const float* bars, std::uint32_t queries,
                    const std::uint32_t* candidates, unsigned per_query, std::uint32_t* ranks) {
  const unsigned lane = threadIdx.x % 32;
  const std::uint32_t q = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  if (q >= queries) return;
  std::uint32_t rank = 0;
  for (unsigned c = lane; c < per_query; c += 32) {
    const std::uint32_t item = candidates[std::size_t{q} * per_query + c];
    rank += ranks_before(score_of(scorer, held_out[q].user, item), bars[q]) ? 1 : 0;
  }
  rank = sum_over_warp(rank);
  if (lane == 0) ranks[q] = rank;
}

/// Splits of the items, so that there are blocks for the whole device; at least four tiles each.
unsigned splits_for(unsigned query_tiles, unsigned item_tiles) {
  constexpr unsigned blocks_wanted = 1024;
  return std::clamp(blocks_wanted / query_tiles, 1U, std::max(1U, item_tiles / 4));
}

}  // namespace

std::vector<std::uint32_t> rank(const DotScorer& scorer, const RankingQueries& queries, const Stream& stream) {
  if (queries.held_out.size() > most_numbered)
    throw std::invalid_argument("the cuda back end ranks for up to " + std::to_string(most_numbered) +
                                " queries at a time, not " + std::to_string(queries.held_out.size()));
  const auto count = static_cast<std::uint32_t>(queries.held_out.size());
  if (count == 0) return {};
  const DeviceBuffer<Interaction> held_out(queries.held_out, "held-out items", stream);
  DeviceBuffer<float> bars(count, "scores of held-out items");
  DeviceBuffer<std::uint32_t> ranks(count, "ranks");
  launch({"score_held_out", blocks_for(count, 128), 128}, stream, score_held_out, scorer, held_out.data(), count,
         bars.data());
  const unsigned query_warps = blocks_for(count, 4);
  if (!queries.full()) {
    const DeviceBuffer<std::uint32_t> candidates(queries.candidates, "candidates", stream);
    launch({"rank_candidates", query_warps, 128}, stream, rank_candidates, scorer, held_out.data(), bars.data(), count,
           candidates.data(), static_cast<unsigned>(queries.per_query), ranks.data());
    return ranks.download(stream);
  }
  const unsigned query_tiles = blocks_for(count, side);
  const unsigned item_tiles = blocks_for(scorer.items_count, side);
  const unsigned split_tiles = blocks_for(item_tiles, splits_for(query_tiles, item_tiles));
  const unsigned splits = blocks_for(item_tiles, split_tiles);
  DeviceBuffer<std::uint32_t> counts(std::size_t{splits} * count, "counts of items ranked before");
  launch({"count_all", {query_tiles, splits}, tile_threads}, stream, count_all, scorer, held_out.data(), bars.data(),
         count, split_tiles, counts.data());
  const DeviceBuffer<std::uint64_t> seen_offsets(queries.seen_offsets, "offsets of seen items", stream);
  const DeviceBuffer<std::uint32_t> seen(queries.seen_items, "seen items", stream);
  launch({"finish_ranks", query_warps, 128}, stream, finish_ranks, scorer, held_out.data(), bars.data(), count,
         counts.data(), splits, seen_offsets.data(), seen.data(), ranks.data());
  return ranks.download(stream);
}

}  // namespace frugal::cuda
