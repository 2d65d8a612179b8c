#include "impl/cpu/mf/dealt_pairs.hpp"

#include <algorithm>

namespace frugal::cpu {

PairsRun run_of(Communicator& ranks, const PackedPairs& all) {
  std::uint64_t size = all.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  const std::vector<std::size_t> begins = equal_shares(size, ranks.size());
  const std::size_t own = begins[ranks.rank()];
  PairsRun run{std::vector<Interaction>(begins[ranks.rank() + 1] - own), own};
  if (ranks.rank() != 0) {
    wait_for(*ranks.receive(std::as_writable_bytes(std::span(run.pairs)), 0));
    return run;
  }
  PackedPairs::Iterator pair = all.begin();
  for (Interaction& one : run.pairs) one = *pair++;
  std::vector<Interaction> sent;
  for (int to = 1; to < ranks.size(); ++to) {
    sent.resize(begins[to + 1] - begins[to]);
    for (Interaction& one : sent) one = *pair++;
    wait_for(*ranks.send(std::as_bytes(std::span(sent)), to));
  }
  return run;
}

void add_up(Communicator& ranks, std::span<std::uint32_t> counts) {
  const std::vector<std::size_t> begins = equal_shares(counts.size(), ranks.size());
  std::vector<std::vector<std::uint32_t>> outgoing;
  outgoing.reserve(static_cast<std::size_t>(ranks.size()));
  for (int to = 0; to < ranks.size(); ++to)
    outgoing.emplace_back(counts.begin() + static_cast<std::ptrdiff_t>(begins[to]),
                          counts.begin() + static_cast<std::ptrdiff_t>(begins[to + 1]));
  const std::vector<std::uint32_t> received = exchanged(ranks, outgoing);
  const std::size_t first = begins[ranks.rank()];
  const std::size_t own = begins[ranks.rank() + 1] - first;
  std::fill_n(counts.begin() + static_cast<std::ptrdiff_t>(first), own, 0U);
  const std::uint32_t* next = received.data();
  for (int from = 0; from < ranks.size(); ++from)
    for (std::size_t k = 0; k < own; ++k) counts[first + k] += *next++;
  gather_rows(ranks, counts.data(), 1, begins);
}

MfSchedule::Counts count_together(Communicator& ranks, const MfSpec& spec, const PairsRun& run) {
  MfSchedule::Counts counts = MfSchedule::count(spec, run.pairs);
  add_up(ranks, counts.users);
  add_up(ranks, counts.items);
  return counts;
}

std::vector<int> ranks_of_rows(std::span<const std::size_t> begins) {
  std::vector<int> ranks(begins.back());
  for (std::size_t r = 0; r + 1 < begins.size(); ++r)
    for (std::size_t row = begins[r]; row < begins[r + 1]; ++row) ranks[row] = static_cast<int>(r);
  return ranks;
}

}  // namespace frugal::cpu
