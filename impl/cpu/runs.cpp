#include "impl/cpu/runs.hpp"

#include <algorithm>

namespace frugal::cpu {
namespace {

constexpr std::size_t most_pairs = std::size_t{1} << 20;  ///< of a message

}  // namespace

PairsRun run_of(Communicator& ranks, const PackedPairs& all) {
  if (all.is_spread()) return {.pairs = all.own(), .begins = all.begins()};
  std::uint64_t size = all.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  PairsRun run{.pairs = {}, .begins = equal_shares(size, ranks.size())};
  const std::vector<std::size_t>& begins = run.begins;
  // Unpacked they travel, so many at a time that the room does not count.
  std::vector<Interaction> piece;
  const auto in_pieces = [&](int rank, const auto& pass) {
    for (std::size_t first = begins[rank]; first < begins[rank + 1]; first += piece.size()) {
      piece.resize(std::min(most_pairs, begins[rank + 1] - first));
      pass();
    }
  };
  if (ranks.rank() != 0) {
    in_pieces(ranks.rank(), [&] {
      wait_for(*ranks.receive(std::as_writable_bytes(std::span(piece)), 0));
      for (const Interaction& one : piece) run.pairs.push_back(one);
    });
    return run;
  }
  PackedPairs::Iterator pair = all.begin();
  for (std::size_t left = begins[1]; left > 0; --left, ++pair) run.pairs.push_back(*pair);
  for (int to = 1; to < ranks.size(); ++to)
    in_pieces(to, [&] {
      for (Interaction& one : piece) {
        one = *pair;
        ++pair;
      }
      wait_for(*ranks.send(std::as_bytes(std::span(piece)), to));
    });
  return run;
}

StepOwners::StepOwners(const EpochSchedule& schedule, const EpochSchedule::Step& step,
                       std::span<const std::size_t> begins, int rank)
    : begins_(begins.size()) {
  const Permutation order = schedule.order(step.epoch);
  std::vector<std::uint64_t> examples(step.count);
  owners_.resize(step.count);
#pragma omp parallel for
  for (std::uint64_t position = 0; position < step.count; ++position) {
    examples[position] = order(step.first + position);
    // Runs may be empty: of those that begin here, the last.
    const auto after = std::ranges::upper_bound(begins, examples[position]);
    owners_[position] = static_cast<std::uint32_t>(after - begins.begin() - 1);
  }
  for (std::uint64_t position = 0; position < step.count; ++position) {
    const std::uint32_t owner = owners_[position];
    ++begins_[owner + 1];
    if (static_cast<int>(owner) == rank) own_.push_back(examples[position] - begins[owner]);
  }
  for (std::size_t r = 1; r < begins_.size(); ++r) begins_[r] += begins_[r - 1];
}

}  // namespace frugal::cpu
