// Labelled examples of a DLRM, dealt to ranks in runs (impl/cpu/runs.hpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/recommender/click_batch.hpp"
#include "impl/common/specs.hpp"

namespace frugal::cpu {

class StepOwners;

/// A training sample. Of one rank it is read where it is, as is rank 0's run of it.
class DealtExamples {
 public:
  DealtExamples(const DlrmSpec& spec, Communicator& ranks) : spec_(spec), ranks_(ranks) {}

  /// Rank 0's, what the others have is ignored. Throws as require_readable(), before anything travels, and then keeps the
  /// one before. All ranks call this alike.
  void set(const ClickBatch& all);
  /// Of step `step`, counted from 0; good until the next call. Throws std::invalid_argument when there are no examples.
  /// All ranks call this alike.
  ClickBatch gather(std::uint64_t step);
  /// Whether one thread may gather the next step's while others compute this one's: not where messages would have to travel.
  bool may_gather_ahead() const { return ranks_.size() == 1; }
  /// Gathers those of a step for the call of gather() that asks for them; what the last one gave stays good.
  void gather_ahead(std::uint64_t step);

 private:
  struct Ahead {
    std::uint64_t step;
    ClickBatch batch;  ///< in ahead_own_
  };

  ClickBatch complete(const StepOwners& owners, const ClickBatch& own);

  DlrmSpec spec_;
  Communicator& ranks_;
  StepExamples own_;        ///< picks from this rank's run
  StepExamples ahead_own_;  ///< of one rank: as own_
  std::optional<Ahead> ahead_;
  std::vector<std::size_t> begins_;  ///< [ranks + 1], of the runs
  bool with_bags_ = false;

  // This rank's run, but for rank 0's.
  std::vector<float> dense_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> labels_;
  std::vector<std::uint64_t> offsets_;

  // One step.
  std::vector<float> step_dense_;
  std::vector<std::uint32_t> step_ids_;
  std::vector<float> step_labels_;
  std::vector<std::uint64_t> step_offsets_;
};

/// What ranks predict together, a part of it at a time: all of them get the examples that rank 0 has.
class ToldExamples {
 public:
  /// first ... first + count - 1 of rank 0's, without labels; good until the next call. All ranks call this alike.
  ClickBatch tell(const ClickBatch& all, std::size_t first, std::size_t count, const DlrmSpec& spec,
                  Communicator& ranks);

 private:
  std::vector<float> dense_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace frugal::cpu
