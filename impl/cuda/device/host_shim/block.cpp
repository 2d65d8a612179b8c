#include "impl/cuda/device/host_shim/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "impl/cuda/device/host_shim/fibre.hpp"

namespace frugal::cuda::host_shim {
namespace {

constexpr unsigned warp = 32;

enum class State { ready, at_block_barrier, at_warp_operation, at_named_barrier, at_flag, done };

struct Block;

struct Copy {
  void* to;
  const void* from;
};

struct Thread {
  Fibre fibre;
  Block* block = nullptr;
  Index index{0, 0, 0};
  State state = State::ready;
  std::uint32_t mask = 0;  ///< of the warp operation it waits at
  const unsigned* flag = nullptr;
  unsigned target = 0;                    ///< of the flag
  unsigned cluster_arrivals = 0;          ///< this thread's
  std::vector<Copy> copies;               ///< that the last group gets
  std::vector<std::vector<Copy>> groups;  ///< closed, not finished
  std::source_location at;

  void start(Block& of, unsigned number, const Index& extent) {
    block = &of;
    index = {number % extent.x, number / extent.x % extent.y, number / extent.x / extent.y};
    state = State::ready;
    cluster_arrivals = 0;
    copies.clear();
    groups.clear();
  }
};

struct Warp {
  // Two sets of slots in turn: a lane may be at the next exchange while another still reads this one.
  Slot slots[2][warp] = {};
  bool computed[2] = {};  ///< by warp_together()
  unsigned arrived = 0;   ///< at an operation of the whole warp
  unsigned parity[warp] = {};
};

struct NamedBarrier {
  unsigned threads = 0;
  std::vector<Thread*> waiting;
};

struct Block {
  Index index{};
  std::unique_ptr<std::byte[]> shared;
  std::vector<Thread*> threads;
  std::vector<Warp> warps;
  std::map<unsigned, NamedBarrier> barriers;
  Block* first_of_cluster = nullptr;
  unsigned cluster_rank = 0;
  unsigned cluster_arrivals = 0;  ///< of the whole cluster, kept by its first block
};

class Machine {
 public:
  void run_grid(const Grid& grid, const std::function<void()>& body) {
    if (running_ != nullptr) throw KernelError(fmt::format("{}: launched from inside a kernel", grid.name));
    grid_ = grid;
    const std::uint64_t count = grid.grid.count();
    const std::uint64_t together = grid.cooperative ? count : grid.cluster;
    for (std::uint64_t done = 0; done < count; done += together)
      run_blocks(order_ == Order::forward ? done : count - together - done, together, body);
  }

  void set_order(Order order) { order_ = order; }

  Thread& running() const {
    assert(running_ != nullptr && "of a kernel only");
    return *running_;
  }
  unsigned linear() const {
    const Index& i = running().index;
    return i.x + grid_.block.x * (i.y + grid_.block.y * i.z);
  }
  const Grid& grid() const { return grid_; }

  void wait(State state, const std::source_location& at) {
    running_->state = state;
    running_->at = at;
    running_->fibre.leave();
  }

  void wait_for_named(unsigned id, unsigned threads, const std::source_location& at) {
    Thread& self = running();
    NamedBarrier& barrier = self.block->barriers[id];
    if (id == 0 || id > 15 || threads == 0 || threads % warp != 0 || threads > self.block->threads.size() ||
        (!barrier.waiting.empty() && barrier.threads != threads))
      throw KernelError(fmt::format("{}:{}: barrier {} of {} threads", at.file_name(), at.line(), id, threads));
    barrier.threads = threads;
    if (barrier.waiting.size() + 1 < threads) {
      barrier.waiting.push_back(&self);
      return wait(State::at_named_barrier, at);
    }
    for (Thread* thread : barrier.waiting) thread->state = State::ready;
    barrier.waiting.clear();
  }

  void wait_for_flag(const unsigned* flag, unsigned target, const std::source_location& at) {
    if (*flag >= target) return;
    running().flag = flag;
    running().target = target;
    wait(State::at_flag, at);
  }

  void* shared(const Block& block, std::uint32_t offset, std::size_t bytes) const {
    if (offset % bytes != 0 || offset + bytes > grid_.shared_bytes)
      throw KernelError(fmt::format("kernel {}: {} bytes at {} of {} of shared memory", grid_.name, bytes, offset,
                                    grid_.shared_bytes));
    return block.shared.get() + offset;
  }

 private:
  void run_blocks(std::uint64_t first, std::uint64_t count, const std::function<void()>& body) {
    const auto of_block = static_cast<std::size_t>(grid_.block.count());
    while (threads_.size() < of_block * count) threads_.push_back(std::make_unique<Thread>());
    blocks_.clear();
    blocks_.resize(count);
    for (std::uint64_t b = 0; b < count; ++b) start_block(b, first + b, body);
    failure_ = nullptr;
    bool done = false;
    while (!done && !failure_) {
      done = true;
      bool moved = false;
      for (std::size_t b = 0; b < count && !failure_; ++b) {
        Block& block = blocks_[order_ == Order::forward ? b : count - 1 - b];
        moved = advance(block) || moved;
        done = done && all_done(block);
      }
      if (!done && !moved && !failure_) failure_ = why_stuck();
    }
    if (!failure_) return;
    // The other fibres still hold objects of the kernel: they end by an exception of their own.
    for (std::size_t t = 0; t < of_block * count; ++t) {
      running_ = threads_[t].get();
      threads_[t]->fibre.cancel();
    }
    running_ = nullptr;
    std::rethrow_exception(failure_);
  }

  void start_block(std::uint64_t b, std::uint64_t at, const std::function<void()>& body) {
    const auto count = static_cast<std::size_t>(grid_.block.count());
    Block& block = blocks_[b];
    block.index = {static_cast<unsigned>(at % grid_.grid.x), static_cast<unsigned>(at / grid_.grid.x % grid_.grid.y),
                   static_cast<unsigned>(at / grid_.grid.x / grid_.grid.y)};
    block.shared = std::make_unique<std::byte[]>(grid_.shared_bytes);
    std::memset(block.shared.get(), 0xFF, grid_.shared_bytes);
    block.warps.resize((count + warp - 1) / warp);
    block.first_of_cluster = &blocks_[b / grid_.cluster * grid_.cluster];
    block.cluster_rank = static_cast<unsigned>(b % grid_.cluster);
    for (std::size_t t = 0; t < count; ++t) {
      Thread& thread = *threads_[b * count + t];
      block.threads.push_back(&thread);
      thread.start(block, static_cast<unsigned>(t), grid_.block);
      thread.fibre.start([this, &thread, &body] {
        try {
          body();
        } catch (const Cancelled&) {
        } catch (...) {
          if (!failure_) failure_ = std::current_exception();
        }
        thread.state = State::done;
      });
    }
  }

  static bool all_done(const Block& block) {
    return std::all_of(block.threads.begin(), block.threads.end(),
                       [](const Thread* thread) { return thread->state == State::done; });
  }

  /// Runs each warp as far as it goes without the others. False when nothing could run.
  bool advance(Block& block) {
    bool moved = false;
    const std::size_t count = block.threads.size();
    for (std::size_t w = 0; w < block.warps.size() && !failure_; ++w) {
      const std::size_t first = warp * (order_ == Order::forward ? w : block.warps.size() - 1 - w);
      const std::size_t lanes = std::min<std::size_t>(warp, count - first);
      while (!failure_ && (run_ready(block, first, lanes) || release_warp(block, first, lanes))) moved = true;
    }
    if (failure_) return moved;
    return release_block(block) || moved;
  }

  bool run_ready(Block& block, std::size_t first, std::size_t lanes) {
    bool ran = false;
    for (std::size_t l = 0; l < lanes && !failure_; ++l) {
      Thread& thread = *block.threads[first + (order_ == Order::forward ? l : lanes - 1 - l)];
      if (thread.state == State::at_flag && *thread.flag >= thread.target) thread.state = State::ready;
      if (thread.state != State::ready) continue;
      ran = true;
      running_ = &thread;
      thread.fibre.enter();
      running_ = nullptr;
    }
    return ran;
  }

  /// Opens the block's barrier when all its threads wait there; fails where they never will.
  bool release_block(Block& block) {
    std::size_t at_barrier = 0;
    std::size_t done = 0;
    const Thread* waiting = nullptr;
    for (const Thread* thread : block.threads) {
      done += thread->state == State::done ? 1 : 0;
      if (thread->state != State::at_block_barrier) continue;
      ++at_barrier;
      if (waiting != nullptr && (waiting->at.line() != thread->at.line() ||
                                 std::strcmp(waiting->at.file_name(), thread->at.file_name()) != 0)) {
        failure_ = error(block, fmt::format("threads of a block wait at different barriers: {} and {}", place(*waiting),
                                            place(*thread)));
        return false;
      }
      waiting = thread;
    }
    if (waiting == nullptr || at_barrier + done < block.threads.size()) return false;
    if (done > 0) {
      failure_ = error(block, fmt::format("{} of {} threads ended while others wait at the barrier at {}", done,
                                          block.threads.size(), place(*waiting)));
      return false;
    }
    for (Thread* thread : block.threads) thread->state = State::ready;
    return true;
  }

  /// Of blocks none of which moves.
  std::exception_ptr why_stuck() const {
    for (const State state : {State::at_warp_operation, State::at_named_barrier, State::at_flag})
      for (const Block& block : blocks_)
        for (const Thread* thread : block.threads) {
          if (thread->state != state) continue;
          if (state == State::at_warp_operation)
            return error(block, "threads wait for lanes of their warp that never come (a warp operation in a branch?)");
          return error(block, fmt::format("threads wait {} at {}",
                                          state == State::at_flag
                                              ? "for a flag that nobody raises, or for blocks of their cluster,"
                                              : "for others at a barrier of a part of the block",
                                          place(*thread)));
        }
    return error(blocks_.front(), "its threads wait for each other");
  }

  /// Lets go on the lanes whose mask has come; false when there are none.
  static bool release_warp(Block& block, std::size_t first, std::size_t lanes) {
    std::uint32_t complete = 0;
    for (std::size_t l = 0; l < lanes; ++l) {
      const Thread& thread = *block.threads[first + l];
      if (thread.state != State::at_warp_operation || (lanes == warp && thread.mask == 0xffffffffU)) continue;
      bool all = true;
      for (std::size_t other = 0; other < lanes; ++other)
        if ((thread.mask >> other & 1U) != 0)
          all = all && block.threads[first + other]->state == State::at_warp_operation &&
                block.threads[first + other]->mask == thread.mask;
      if (all) complete |= std::uint32_t{1} << l;
    }
    for (std::size_t l = 0; l < lanes; ++l)
      if ((complete >> l & 1U) != 0) block.threads[first + l]->state = State::ready;
    return complete != 0;
  }

  static std::string place(const Thread& thread) {
    return fmt::format("{}:{}", thread.at.file_name(), thread.at.line());
  }

  std::exception_ptr error(const Block& block, const std::string& text) const {
    return std::make_exception_ptr(KernelError(fmt::format("kernel {}, block ({}, {}, {}): {}", grid_.name,
                                                           block.index.x, block.index.y, block.index.z, text)));
  }

  Grid grid_{};
  Order order_ = Order::forward;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Block> blocks_;  ///< alive
  Thread* running_ = nullptr;
  std::exception_ptr failure_;
};

Machine& machine() {
  static Machine instance;
  return instance;
}

Block& own_block() { return *machine().running().block; }

}  // namespace

void set_order(Order order) { machine().set_order(order); }

void run_grid(const Grid& grid, const std::function<void()>& thread) { machine().run_grid(grid, thread); }

const Index& thread_index() { return machine().running().index; }
const Index& block_index() { return own_block().index; }
const Index& block_extent() { return machine().grid().block; }
const Index& grid_extent() { return machine().grid().grid; }
void* dynamic_shared() { return own_block().shared.get(); }
void* shared_at(std::uint32_t offset, std::size_t bytes) { return machine().shared(own_block(), offset, bytes); }
void* shared_of_cluster(std::uint32_t offset, unsigned rank, std::size_t bytes) {
  if (rank >= machine().grid().cluster) throw KernelError(fmt::format("block {} of a cluster", rank));
  return machine().shared(own_block().first_of_cluster[rank], offset, bytes);
}
unsigned cluster_rank() { return own_block().cluster_rank; }
unsigned lane() { return machine().linear() % warp; }

void block_barrier(const std::source_location& at) { machine().wait(State::at_block_barrier, at); }

void named_barrier(unsigned id, unsigned threads, const std::source_location& at) {
  machine().wait_for_named(id, threads, at);
}

void arrive_at_cluster() {
  ++machine().running().cluster_arrivals;
  ++own_block().first_of_cluster->cluster_arrivals;
}
void wait_for_cluster(const std::source_location& at) {
  const auto threads = static_cast<unsigned>(own_block().threads.size()) * machine().grid().cluster;
  machine().wait_for_flag(&own_block().first_of_cluster->cluster_arrivals,
                          machine().running().cluster_arrivals * threads, at);
}

void wait_for_flag(const unsigned* flag, unsigned target, const std::source_location& at) {
  machine().wait_for_flag(flag, target, at);
}

void copy_later(std::uint32_t to, const void* from) { machine().running().copies.push_back({shared_at(to, 16), from}); }
void close_copies() { machine().running().groups.push_back(std::exchange(machine().running().copies, {})); }
void finish_copies(std::size_t pending) {
  std::vector<std::vector<Copy>>& groups = machine().running().groups;
  while (groups.size() > pending) {
    for (const Copy& copy : groups.front()) std::memcpy(copy.to, copy.from, 16);
    groups.erase(groups.begin());
  }
}

void warp_barrier(std::uint32_t mask, const std::source_location& at) {
  if ((mask >> lane() & 1U) == 0)
    throw KernelError(fmt::format("{}:{}: a lane that its own mask leaves out", at.file_name(), at.line()));
  Block& block = own_block();
  const unsigned number = machine().linear() / warp;
  const std::size_t lanes = std::min<std::size_t>(warp, block.threads.size() - number * warp);
  machine().running().mask = mask;
  // Of the whole warp, which is nearly always: the last to come lets the others go and goes on itself.
  if (lanes == warp && mask == 0xffffffffU && ++block.warps[number].arrived == warp) {
    block.warps[number].arrived = 0;
    for (std::size_t l = 0; l < warp; ++l) block.threads[number * warp + l]->state = State::ready;
    return;
  }
  machine().wait(State::at_warp_operation, at);
}

const Slot* warp_exchange(std::uint32_t mask, const Slot& value, const std::source_location& at) {
  Warp& own = own_block().warps[machine().linear() / warp];
  const unsigned l = lane();
  const unsigned set = own.parity[l] ^= 1U;
  own.slots[set][l] = value;
  own.computed[set] = false;
  warp_barrier(mask, at);
  return own.slots[set];
}

Slot warp_together(const Slot& value, void (*compute)(Slot* slots), const std::source_location& at) {
  warp_exchange(0xffffffffU, value, at);
  Warp& own = own_block().warps[machine().linear() / warp];
  const unsigned set = own.parity[lane()];
  if (!std::exchange(own.computed[set], true)) compute(own.slots[set]);
  return own.slots[set][lane()];
}

}  // namespace frugal::cuda::host_shim
