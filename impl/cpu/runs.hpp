// What several ranks learn from, in runs of examples that follow one another: rank 0's program has all, and deals them, or
// the ranks read them together and have their runs. Each rank keeps its own run, and of what a step takes all ranks get all.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/epoch_schedule.hpp"
#include "impl/common/packed_pairs.hpp"

namespace frugal::cpu {

/// values [begins[ranks]] of rank 0, what the others have is ignored: rank r gets begins[r] ... begins[r + 1] - 1. Rank 0
/// gets nothing: it has its own.
template <class T>
std::vector<T> dealt(Communicator& ranks, std::span<const T> values, std::span<const std::size_t> begins) {
  std::vector<T> run;
  if (ranks.rank() != 0) {
    run.resize(begins[ranks.rank() + 1] - begins[ranks.rank()]);
    wait_for(*ranks.receive(std::as_writable_bytes(std::span(run)), 0));
    return run;
  }
  for (int to = 1; to < ranks.size(); ++to)
    wait_for(*ranks.send(std::as_bytes(values.subspan(begins[to], begins[to + 1] - begins[to])), to));
  return run;
}

/// Interactions that follow one another in the caller's order.
struct PairsRun {
  PackedPairs pairs;
  std::vector<std::size_t> begins;  ///< [ranks + 1]: number of each rank's first one, and how many there are
};

/// Each rank's own of pairs that are spread over the ranks (on all of them); else `all` of rank 0, what the others have is
/// ignored, in runs as equal as can be, in the order of the ranks.
PairsRun run_of(Communicator& ranks, const PackedPairs& all);

/// Who has the examples of a step. What the ranks have of it lies side by side, in their order, before it is put in that of
/// the step.
class StepOwners {
 public:
  /// begins [ranks + 1]: of the runs. rank: this one.
  StepOwners(const EpochSchedule& schedule, const EpochSchedule::Step& step, std::span<const std::size_t> begins,
             int rank);

  /// This rank's, in the order of the step: numbers within its run.
  std::span<const std::uint64_t> own() const { return own_; }
  /// [ranks + 1]: where those of each rank begin, side by side.
  std::span<const std::size_t> begins() const { return begins_; }

  /// body(position, place) of each example of the step, in its order; place: where it lies, side by side.
  template <class Body>
  void in_order(const Body& body) const {
    std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
    for (std::size_t position = 0; position < owners_.size(); ++position) body(position, next[owners_[position]]++);
  }

 private:
  std::vector<std::uint32_t> owners_;  ///< by position in the step
  std::vector<std::size_t> begins_;
  std::vector<std::uint64_t> own_;
};

}  // namespace frugal::cpu
