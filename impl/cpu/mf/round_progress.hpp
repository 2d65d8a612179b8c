// The rounds of mf/schedule.hpp without a barrier between them.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace frugal::cpu {

/// Runs the rounds of one epoch, or some of them. Group g follows itself and, a round behind, group g + 1, which held
/// its items. A thread that the system takes away from its core thus delays its neighbours only, where a barrier would
/// stop everybody, every round.
class RoundProgress {
 public:
  /// Of groups first_group ... end_group - 1, where others are another process's, the rounds first_round ... end_round - 1;
  /// those before are done by all. An epoch has as many rounds as groups.
  RoundProgress(std::uint32_t groups, std::uint32_t first_group, std::uint32_t end_group, std::uint32_t first_round,
                std::uint32_t end_round)
      : groups_(groups), first_(first_group), end_(end_group), end_round_(end_round), done_(groups), busy_(groups) {
    for (std::atomic<std::uint32_t>& rounds : done_) rounds.store(first_round, std::memory_order_relaxed);
  }

  std::uint32_t groups() const { return groups_; }
  std::uint32_t first() const { return first_; }
  std::uint32_t end() const { return end_; }
  /// Rounds that a group has finished.
  std::uint32_t done(std::uint32_t group) const { return done_[group].load(std::memory_order_acquire); }
  /// Of the group that follows the last one and is another process's: its items of these rounds are here.
  void arrived(std::uint32_t rounds) { done_[end_ % groups_].store(rounds, std::memory_order_release); }

  /// Called by every thread of a team of `threads`; returns when all rounds of all groups are done. run_round(group,
  /// round) is called once for each. A thread has neighbouring groups of its own, whose users stay in its cache, and
  /// walks over them in turn from either end, so that the items of the round before are still there; it takes over
  /// others' only when its own have to wait. Thread 0 calls between() again and again.
  template <class RunRound, class Between>
  void run(std::uint32_t thread, std::uint32_t threads, RunRound&& run_round, Between&& between) {
    const std::uint32_t count = end_ - first_;
    const std::uint32_t begin = static_cast<std::uint32_t>(std::uint64_t{count} * thread / threads);
    const std::uint32_t own = static_cast<std::uint32_t>(std::uint64_t{count} * (thread + 1) / threads) - begin;
    const auto group = [&](std::uint32_t k) { return first_ + (begin + k) % count; };
    for (bool upwards = true; finished_groups_.load(std::memory_order_acquire) < count; upwards = !upwards) {
      if (thread == 0) between();
      bool advanced = false;
      for (std::uint32_t k = 0; k < own; ++k) advanced |= advance(group(upwards ? k : own - 1 - k), run_round);
      for (std::uint32_t k = own; k < count && !advanced; ++k) advanced = advance(group(k), run_round);
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
      if (round + 1 == end_round_) finished_groups_.fetch_add(1, std::memory_order_release);
    }
    busy_[group].clear(std::memory_order_release);
    return runs;
  }

  bool may_run(std::uint32_t group) const {
    const std::uint32_t round = done_[group].load(std::memory_order_acquire);
    const std::uint32_t next = done_[(group + 1) % groups_].load(std::memory_order_acquire);
    return round < end_round_ && next >= round;
  }

  std::uint32_t groups_;
  std::uint32_t first_;
  std::uint32_t end_;
  std::uint32_t end_round_;
  std::vector<std::atomic<std::uint32_t>> done_;  ///< rounds finished
  std::vector<std::atomic_flag> busy_;
  std::atomic<std::uint32_t> finished_groups_ = 0;
};

}  // namespace frugal::cpu
