// The rounds of mf/schedule.hpp without a barrier between them.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace frugal::cpu {

/// Runs the rounds of one epoch, or some of them. Group g follows itself and, a round behind, group g + 1, which held its items. A thread
/// that the system takes away from its core thus delays its neighbours only, where a barrier would stop everybody, every
/// round.
class RoundProgress {
 public:
  /// Rounds are as many as groups.
  explicit RoundProgress(std::uint32_t groups) : RoundProgress(groups, 0, groups) {}
  /// Rounds [first, end); those before are done.
  RoundProgress(std::uint32_t groups, std::uint32_t first, std::uint32_t end)
      : groups_(groups), end_(end), done_(groups), busy_(groups) {
    for (std::atomic<std::uint32_t>& rounds : done_) rounds.store(first, std::memory_order_relaxed);
  }

  /// Called by every thread of a team of `threads`; returns when all rounds of all groups are done. run_round(group,
  /// round) is called once for each. A thread has neighbouring groups of its own, whose users stay in its cache, and
  /// walks over them in turn from either end, so that the items of the round before are still there; it takes over
  /// others' only when its own have to wait.
  template <class RunRound>
  void run(std::uint32_t thread, std::uint32_t threads, RunRound&& run_round) {
    const std::uint32_t first = static_cast<std::uint32_t>(std::uint64_t{groups_} * thread / threads);
    const std::uint32_t own = static_cast<std::uint32_t>(std::uint64_t{groups_} * (thread + 1) / threads) - first;
    for (bool upwards = true; finished_groups_.load(std::memory_order_acquire) < groups_; upwards = !upwards) {
      bool advanced = false;
      for (std::uint32_t k = 0; k < own; ++k) advanced |= advance(first + (upwards ? k : own - 1 - k), run_round);
      for (std::uint32_t k = own; k < groups_ && !advanced; ++k) advanced = advance((first + k) % groups_, run_round);
      if (!advanced) std::this_thread::yield();
    }
  }

 private:
  /// Runs the next round of `group` if it may run and nobody does.
  template <class RunRound>
  bool advance(std::uint32_t group, RunRound&& run_round) {
    if (!may_run(group) || busy_[group].test_and_set(std::memory_order_acquire)) return false;
    const bool runs = may_run(group);  // another thread may have run this round between the two lines above
    if (runs) {
      const std::uint32_t round = done_[group].load(std::memory_order_relaxed);
      run_round(group, round);
      done_[group].store(round + 1, std::memory_order_release);
      if (round + 1 == end_) finished_groups_.fetch_add(1, std::memory_order_release);
    }
    busy_[group].clear(std::memory_order_release);
    return runs;
  }

  bool may_run(std::uint32_t group) const {
    const std::uint32_t round = done_[group].load(std::memory_order_acquire);
    const std::uint32_t next = done_[(group + 1) % groups_].load(std::memory_order_acquire);
    return round < end_ && next >= round;
  }

  std::uint32_t groups_;
  std::uint32_t end_;
  std::vector<std::atomic<std::uint32_t>> done_;  ///< rounds finished
  std::vector<std::atomic_flag> busy_;
  std::atomic<std::uint32_t> finished_groups_ = 0;
};

}  // namespace frugal::cpu
