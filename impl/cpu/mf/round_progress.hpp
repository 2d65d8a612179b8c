// The rounds of mf/schedule.hpp without a barrier between them.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>

#include "impl/common/mf/schedule.hpp"

namespace frugal::cpu {

/// Runs the rounds of one sweep. Block (g, r) follows those that it shares rows with: round r - 1 of user group g, and
/// round r - 1 of user group g + 1, which held its items. A thread that the system takes away from its core thus delays
/// its neighbours only, where a barrier would stop everybody, every round.
class RoundProgress {
 public:
  /// Called by every thread of a team; returns when all blocks are done. run_block(block) is called once for each.
  template <class RunBlock>
  void run(RunBlock&& run_block) {
    constexpr std::uint32_t groups = MfSchedule::groups;
    std::uint32_t group = 0;
    while (finished_groups_.load(std::memory_order_acquire) < groups) {
      std::uint32_t tried = 0;
      while (tried < groups && !advance(group, run_block)) {
        group = (group + 1) % groups;
        ++tried;
      }
      if (tried == groups) std::this_thread::yield();
    }
  }

 private:
  /// Runs the next round of `group` if it may run and nobody does.
  template <class RunBlock>
  bool advance(std::uint32_t group, RunBlock&& run_block) {
    constexpr std::uint32_t groups = MfSchedule::groups;
    if (!may_run(group) || busy_[group].test_and_set(std::memory_order_acquire)) return false;
    const bool runs = may_run(group);  // another thread may have run this round between the two lines above
    if (runs) {
      const std::uint32_t round = done_[group].load(std::memory_order_relaxed);
      run_block(MfSchedule::block_of_round(round, group));
      done_[group].store(round + 1, std::memory_order_release);
      if (round + 1 == groups) finished_groups_.fetch_add(1, std::memory_order_release);
    }
    busy_[group].clear(std::memory_order_release);
    return runs;
  }

  bool may_run(std::uint32_t group) const {
    const std::uint32_t round = done_[group].load(std::memory_order_acquire);
    const std::uint32_t next = done_[(group + 1) % MfSchedule::groups].load(std::memory_order_acquire);
    return round < MfSchedule::groups && next >= round;
  }

  std::atomic<std::uint32_t> done_[MfSchedule::groups] = {};  ///< rounds finished
  std::atomic_flag busy_[MfSchedule::groups] = {};
  std::atomic<std::uint32_t> finished_groups_ = 0;
};

}  // namespace frugal::cpu
