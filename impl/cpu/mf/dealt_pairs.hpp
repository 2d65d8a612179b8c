// How ranks come by the interactions of their own rows: they count their runs (impl/cpu/runs.hpp) together, and then each
// sends every pair of its run to the rank that has its row.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/runs.hpp"

namespace frugal::cpu {

/// Of the pairs of all ranks: `run` is this one's.
MfSchedule::Counts count_together(Communicator& ranks, const MfSpec& spec, const PairsRun& run);

/// Rows [begins[r], begins[r + 1]) are rank r's: the rank of each row, [begins.back()].
std::vector<int> ranks_of_rows(std::span<const std::size_t> begins);

/// What all ranks have for this one, in the order of the ranks: owner(one) is the rank that gets it.
template <class T, class Owner>
std::vector<T> deal(Communicator& ranks, const std::vector<T>& own, const Owner& owner) {
  std::vector<std::vector<T>> outgoing(static_cast<std::size_t>(ranks.size()));
  for (std::vector<T>& to : outgoing) to.reserve(own.size() / outgoing.size() * 9 / 8);
  for (const T& one : own) outgoing[owner(one)].push_back(one);
  return exchanged(ranks, outgoing);
}

}  // namespace frugal::cpu
