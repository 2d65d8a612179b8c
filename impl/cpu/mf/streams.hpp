// The examples of one epoch of mf/schedule.hpp, sorted by worker and turn.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "impl/common/mf/schedule.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/packed_positives.hpp"

namespace frugal::cpu {

/// The positives of a worker stay; only its negatives are new in an epoch. Each worker's examples are drawn and sorted
/// within cache, independently of the others. Of an epoch with more examples than there is room for, so many rounds are
/// drawn at a time as fit: what falls into the others is drawn again for them. That costs time and changes nothing.
class MfStreams {
 public:
  /// 4.3 GB of them.
  static constexpr std::uint64_t most_examples = std::uint64_t{1} << 29;
  static_assert(most_examples < std::uint64_t{1} << 32);  // places in the room are 32-bit

  /// A room of as many as an epoch has: for groups whose items come from other ranks, round by round.
  static constexpr std::uint64_t whole_epoch = ~std::uint64_t{0};

  /// room: examples drawn at a time, unless one round has more.
  explicit MfStreams(const MfSpec& spec, std::uint64_t room = most_examples) : spec_(spec), room_(room) {}

  /// About three bytes a positive, and 8 bytes an example up to the room.
  void set_positives(const PackedPairs& positives);

  /// The same in two steps, where several ranks have groups each: the schedule of all positives, and then those of some
  /// groups, in the caller's order. Others must not be prepared.
  void set_schedule(const MfSchedule::Counts& counts);
  void set_positives(const MfSchedule::Counts& counts, std::span<const PackedPositives::Numbered> positives,
                     std::uint32_t first_group, std::uint32_t end_group);

  const MfSchedule& schedule() const { return *schedule_; }
  std::uint64_t positives() const { return positives_count_; }
  /// Whether an epoch is long enough for a team of threads.
  bool wants_team() const;

  /// Draws and sorts what groups first_group ... end_group - 1 do in the rounds from `first_round` on, as many as there is
  /// room for; returns the round after them. Called outside a parallel region. Throws std::length_error for more than 2^32
  /// examples at a time.
  std::uint32_t prepare(std::uint32_t epoch, std::uint32_t first_group, std::uint32_t end_group,
                        std::uint32_t first_round = 0);

  /// What a group does in a round among those prepared last.
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
  struct Turns {
    std::uint32_t first;
    std::uint32_t end;
  };
  struct Scratch {
    std::vector<Drawn> drawn;  ///< the examples of a part in the order drawn
    std::vector<std::uint64_t> blocks;
    std::vector<std::uint32_t> words;
  };

  void make_room(std::uint64_t examples);
  void prepare(std::uint32_t part, std::uint32_t epoch, Turns turns, Scratch& scratch);

  MfSpec spec_;
  std::uint64_t room_;
  std::optional<MfSchedule> schedule_;
  std::uint64_t positives_count_ = 0;
  PackedPositives positives_;             ///< in the order of the schedule
  std::vector<Placed> items_;             ///< by id
  std::uint32_t rounds_at_once_ = 0;      ///< that fit the room on average
  AlignedBuffer<MfExample> examples_;     ///< by part and turn, and one behind them
  std::atomic<std::uint64_t> taken_ = 0;  ///< of examples_
  std::vector<std::uint32_t> begins_;     ///< [parts, turns + 1]
};

}  // namespace frugal::cpu
