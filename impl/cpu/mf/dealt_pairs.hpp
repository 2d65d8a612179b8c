// How ranks come by the interactions of their own rows: they count their runs (impl/cpu/runs.hpp) together, and then each
// sends every pair of its run to the rank that has its row.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/together.hpp"
#include "impl/cpu/runs.hpp"

namespace frugal::cpu {

/// Of the pairs of all ranks: `run` is this one's.
MfSchedule::Counts count_together(Communicator& ranks, const MfSpec& spec, const PairsRun& run);

/// Rows [begins[r], begins[r + 1]) are rank r's: the rank of each row, [begins.back()].
std::vector<int> ranks_of_rows(std::span<const std::size_t> begins);

/// `count` values next() of each rank go to the ranks owner(value), a piece of them at a time: take(sender, values) gets
/// those for this rank, of each sender in its order. All ranks call this alike.
template <class Next, class Owner, class Take>
void deal(Communicator& ranks, std::uint64_t count, const Next& next, const Owner& owner, const Take& take) {
  using Value = decltype(next());
  constexpr std::uint64_t piece = std::uint64_t{1} << 20;
  const std::vector<std::uint64_t> counts = gathered(ranks, std::vector<std::uint64_t>{count});
  for (std::uint64_t first = 0; first < *std::ranges::max_element(counts); first += piece) {
    std::vector<std::vector<Value>> outgoing(counts.size());
    for (std::uint64_t k = first; k < std::min(first + piece, count); ++k) {
      const Value value = next();
      outgoing[static_cast<std::size_t>(owner(value))].push_back(value);
    }
    std::vector<std::size_t> of_sender;
    const std::vector<Value> received = exchanged(ranks, outgoing, &of_sender);
    std::span<const Value> left(received);
    for (std::size_t sender = 0; sender < of_sender.size(); ++sender) {
      take(sender, left.first(of_sender[sender]));
      left = left.subspan(of_sender[sender]);
    }
  }
}

/// The pairs of all ranks whose owner(pair) is this one, in the order of the ranks.
template <class Owner>
PackedPairs deal(Communicator& ranks, const PackedPairs& own, const Owner& owner) {
  std::vector<PackedPairs> parts(static_cast<std::size_t>(ranks.size()));
  PackedPairs::Iterator pair = own.begin();
  deal(
      ranks, own.size(),
      [&] {
        const Interaction one = *pair;
        ++pair;
        return one;
      },
      owner,
      [&](std::size_t sender, std::span<const Interaction> pairs) {
        for (const Interaction& one : pairs) parts[sender].push_back(one);
      });
  PackedPairs all = std::move(parts.front());
  for (std::size_t sender = 1; sender < parts.size(); ++sender)
    for (const Interaction& one : parts[sender]) all.push_back(one);
  return all;
}

}  // namespace frugal::cpu
