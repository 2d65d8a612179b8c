// The examples of one epoch of mf/schedule.hpp, sorted by worker and turn.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"

namespace frugal::cpu {

/// The positives of a worker stay; only its negatives are new in an epoch. Each worker's examples are drawn and sorted
/// within cache, independently of the others.
class MfStreams {
 public:
  explicit MfStreams(const MfSpec& spec) : spec_(spec) {}

  /// 8 bytes an example.
  void set_positives(std::span<const Interaction> positives);

  const MfSchedule& schedule() const { return *schedule_; }
  std::uint64_t positives() const { return positives_.size(); }
  /// Whether an epoch is long enough for a team of threads.
  bool wants_team() const;

  /// Draws and sorts what groups first ... end - 1 do; called outside a parallel region.
  void prepare(std::uint32_t epoch, std::uint32_t first, std::uint32_t end);

  /// What a group does in a round of the epoch prepared last.
  SgdRound round(std::uint32_t group, std::uint32_t round) const;

 private:
  struct Placed {
    std::uint32_t slot;
    std::uint32_t part;
  };
  struct Drawn {
    MfExample example;
    std::uint32_t turn;
  };
  struct Scratch {
    std::vector<Drawn> drawn;  ///< the examples of a part in the order drawn
    std::vector<std::uint64_t> blocks;
    std::vector<std::uint32_t> words;
  };

  void prepare(std::uint32_t part, std::uint32_t epoch, Scratch& scratch);

  MfSpec spec_;
  std::optional<MfSchedule> schedule_;
  std::vector<MfSchedule::Positive> positives_;  ///< in the order of the schedule
  std::vector<Placed> items_;                    ///< by id
  AlignedBuffer<MfExample> examples_;            ///< by part and turn, and one behind them
  std::vector<std::uint32_t> begins_;            ///< [parts, turns + 1]
};

}  // namespace frugal::cpu
