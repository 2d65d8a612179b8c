#include "impl/cpu/runs.hpp"

#include <algorithm>

namespace frugal::cpu {

PairsRun run_of(Communicator& ranks, const PackedPairs& all) {
  if (all.is_spread()) return {.pairs = all.own(), .begins = all.begins()};
  std::uint64_t size = all.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  PairsRun run{.pairs = {}, .begins = equal_shares(size, ranks.size())};
  const std::vector<std::size_t>& begins = run.begins;
  run.pairs.resize(begins[ranks.rank() + 1] - begins[ranks.rank()]);
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
