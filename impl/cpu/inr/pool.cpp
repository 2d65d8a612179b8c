#include "impl/cpu/inr/pool.hpp"

#include <algorithm>
#include <cassert>

namespace frugal::cpu {
namespace {

constexpr int steps_of_turn = 4;    // of the last networks: what the other threads wait for at most
constexpr int lead = 2;             // steps by which a network may be ahead of another that could be trained
constexpr int spins_of_wait = 500;  // tens of microseconds: what a system takes to wake a thread

}  // namespace

int InrPoolSizes::slots() const {
  if (chunks == 1) return 0;
  const int busy = (threads + chunks - 1) / chunks;
  return static_cast<int>(std::min<std::int64_t>(networks, threads > 1 ? busy + 1 : 1));
}

InrPool::InrPool(const InrPoolSizes& sizes, bool spin)
    : sizes_(sizes),
      slots_(static_cast<std::size_t>(sizes.slots())),
      slot_of_(static_cast<std::size_t>(sizes.threads), -1),
      spins_(spin ? spins_of_wait : 0) {
  if (sizes_.steps == 0) {
    done_ = sizes_.networks;
    return;
  }
  if (sizes_.chunks == 1) whole_ = std::max<std::int64_t>(0, sizes_.networks - 2 * std::int64_t{sizes_.threads});
  for (std::int64_t k = whole_; k < sizes_.networks; ++k) waiting_.push_back({k, 0});
  for (Slot& slot : slots_) open(slot);
}

std::optional<InrPool::Task> InrPool::next(int thread) {
  std::unique_lock lock(mutex_);
  while (true) {
    const std::uint64_t seen = changes_.load(std::memory_order_relaxed);
    if (const std::optional<Task> task = sizes_.chunks == 1 ? take_turn() : take_part(thread)) return task;
    // Networks of one chunk that are not done are in other hands, and stay there.
    if (sizes_.chunks == 1 || done_ == sizes_.networks) return std::nullopt;
    lock.unlock();
    for (int i = 0; i < spins_ && changes_.load(std::memory_order_acquire) == seen; ++i) __builtin_ia32_pause();
    lock.lock();
    waiting_threads_.wait(lock, [&] { return changes_.load(std::memory_order_relaxed) != seen; });
  }
}

std::optional<InrPool::Task> InrPool::take(int thread) {
  const std::lock_guard lock(mutex_);
  return sizes_.chunks == 1 ? take_turn() : take_part(thread);
}

std::optional<InrPool::Task> InrPool::take_turn() {
  if (taken_ < whole_) return Task{Kind::turn, taken_++, -1, 0, sizes_.steps, 0};
  if (waiting_.empty()) return std::nullopt;
  const Waiting first = waiting_.front();
  waiting_.pop_front();
  return Task{Kind::turn, first.network, -1, first.step, std::min(sizes_.steps, first.step + steps_of_turn), 0};
}

std::optional<InrPool::Task> InrPool::take_part(int thread) {
  const auto ready = [this](const Slot& slot) { return slot.network >= 0 && slot.taken < parts(slot.phase); };
  Slot* chosen = nullptr;
  for (Slot& slot : slots_)
    if (ready(slot) && (!chosen || slot.step < chosen->step)) chosen = &slot;
  if (!chosen) return std::nullopt;
  int& own = slot_of_[static_cast<std::size_t>(thread)];
  if (own >= 0) {  // what its core's cache has
    Slot& slot = slots_[static_cast<std::size_t>(own)];
    if (ready(slot) && slot.step <= chosen->step + lead) chosen = &slot;
  }
  own = static_cast<int>(chosen - slots_.data());
  return Task{chosen->phase, chosen->network, own, chosen->step, chosen->step + 1, chosen->taken++};
}

bool InrPool::finish(const Task& task) {
  if (task.kind == Kind::turn) return true;
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<std::size_t>(task.slot)];
  assert(slot.network == task.network && slot.phase == task.kind);
  if (++slot.finished < parts(slot.phase)) return false;
  if (slot.phase == Kind::block) return true;
  slot.phase = Kind::block;
  slot.taken = slot.finished = 0;
  changed();
  return false;
}

void InrPool::release(const Task& task, bool stop) {
  const std::lock_guard lock(mutex_);
  const bool over = stop || task.end == sizes_.steps;
  if (over) ++done_;
  if (task.kind == Kind::turn) {
    if (!over) waiting_.push_back({task.network, task.end});
    return;
  }
  Slot& slot = slots_[static_cast<std::size_t>(task.slot)];
  const bool ahead = !waiting_.empty() && waiting_.front().step + lead <= task.end;
  if (!over && ahead) waiting_.push_back({task.network, task.end});
  if (over || ahead)
    open(slot);
  else
    slot = {task.network, task.end, Kind::chunk, 0, 0};
  changed();
}

void InrPool::open(Slot& slot) {
  slot = {};
  if (waiting_.empty()) return;
  slot.network = waiting_.front().network;
  slot.step = waiting_.front().step;
  waiting_.pop_front();
}

void InrPool::changed() {
  changes_.fetch_add(1, std::memory_order_release);
  waiting_threads_.notify_all();
}

}  // namespace frugal::cpu
