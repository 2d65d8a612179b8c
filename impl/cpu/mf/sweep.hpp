// The examples of one sweep of mf/schedule.hpp, sorted by block.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"

namespace frugal::cpu {

/// Two stable sorts, both within cache: the positives of the sweep by user group, then each user group draws its
/// negatives and sorts its examples by item group. In a block examples keep the order of the sweep.
class MfSweep {
 public:
  /// Keeps sizes, seed and the slots of all items; 12 bytes an example once positives are set.
  explicit MfSweep(const MfSpec& spec);

  void set_positives(std::span<const Interaction> positives);

  const std::vector<std::uint32_t>& user_slots() const { return user_slot_; }
  const std::vector<std::uint32_t>& item_slots() const { return item_slot_; }
  std::uint64_t positives() const { return positives_.size(); }
  /// Whether a sweep is long enough for a team of threads.
  bool wants_team() const;

  /// Draws and sorts the sweep that starts at position `begin` of the epoch; called outside a parallel region.
  void prepare(std::uint32_t epoch, std::uint64_t begin);

  /// The examples of a block of the sweep prepared last, rows by slot.
  std::span<const MfExample> block(std::uint32_t block) const {
    return {examples_.data() + block_start_[block], block_start_[block + 1] - block_start_[block]};
  }

 private:
  struct Placed {
    std::uint32_t user;      ///< slot
    std::uint32_t item;      ///< slot
    std::uint32_t position;  ///< in the sweep
  };

  void shuffle(std::uint32_t epoch, std::uint64_t begin, std::uint32_t count);
  void sort_by_user_group(std::uint32_t count);
  void draw_and_sort_by_item_group(std::uint32_t group, std::uint32_t epoch, std::uint64_t begin);

  MfSpec spec_;
  MfSchedule schedule_;
  std::uint32_t per_positive_;              ///< examples
  std::vector<std::uint32_t> user_slot_;    ///< by id
  std::vector<std::uint32_t> item_slot_;    ///< by id
  std::vector<Interaction> positives_;      ///< by slots, in the order given
  AlignedBuffer<Interaction> shuffled_;     ///< positives of the sweep by position
  AlignedBuffer<Placed> by_user_group_;     ///< the same, sorted
  AlignedBuffer<std::uint32_t> drawn_;      ///< items of the examples, by place of their positive
  AlignedBuffer<MfExample> examples_;       ///< by block
  std::vector<std::uint32_t> chunk_start_;  ///< [chunks, groups]: counts, then places in by_user_group_
  std::uint32_t group_start_[MfSchedule::groups + 1] = {};
  std::uint32_t block_start_[MfSchedule::blocks + 1] = {};
};

}  // namespace frugal::cpu
