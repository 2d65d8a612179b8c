// Item groups on their way around the ring of ranks: logistic SGD in the order of mf/schedule.hpp by several processes.
#pragma once
#include <cstdint>
#include <span>

#include "impl/common/communicator.hpp"
#include "impl/cpu/mf/round_progress.hpp"

namespace frugal::cpu {

/// Rows of one side, in slots: those of group g are begins[g] ... begins[g + 1] - 1.
struct GroupedRows {
  float* rows;    ///< [slots, stride]
  float* biases;  ///< [slots]
  std::size_t stride;
  std::span<const std::size_t> begins;  ///< [groups + 1]
};

/// A rank has neighbouring groups of users, and in round r group g has the items of group g + r. What its first group has
/// finished with in a round is what the last group of the rank before needs in the next one, and so all items pass through
/// all ranks in an epoch: a message a round, on its way while the other groups compute. After the last round the items of
/// a rank's groups are with it again.
class ItemRing {
 public:
  /// Ranks from `active` on have no groups, and make no ring.
  ItemRing(Communicator& ranks, int active, const GroupedRows& items) : ranks_(ranks), active_(active), items_(items) {}

  /// Before the first round of an epoch.
  void begin_epoch() { round_ = 0; }
  /// Moves on what is on its way, and tells what has arrived.
  void poll(RoundProgress& progress);
  /// Has everything of the epoch arrived?
  bool finished(const RoundProgress& progress) const { return active_ == 1 || round_ == progress.groups(); }

 private:
  using Transfers = Communicator::Transfers;
  static bool done(const Transfers& transfers);
  std::span<std::byte> rows_of(std::uint32_t group) const;
  std::span<std::byte> biases_of(std::uint32_t group) const;

  Communicator& ranks_;
  int active_;
  GroupedRows items_;
  std::uint32_t round_ = 0;  ///< whose items travel
  Transfers coming_;
  Transfers going_;
};

}  // namespace frugal::cpu
