#include "impl/cuda/device/host_shim/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "impl/cuda/device/host_shim/fibre.hpp"

namespace frugal::cuda::host_shim {
namespace {

constexpr unsigned warp = 32;

enum class State { ready, at_block_barrier, at_warp_operation, done };

struct Thread {
  Fibre fibre;
  Index index{0, 0, 0};
  State state = State::ready;
  std::uint32_t mask = 0;  ///< of the warp operation it waits at
  std::source_location at;
};

struct Warp {
  // Two sets of slots in turn: a lane may be at the next exchange while another still reads this one.
  Slot slots[2][warp] = {};
  unsigned parity[warp] = {};
};

class Block {
 public:
  void run_grid(const char* name, Index grid, Index block, std::size_t shared_bytes,
                const std::function<void()>& thread) {
    if (running_ != nullptr) throw KernelError(fmt::format("{}: launched from inside a kernel", name));
    name_ = name;
    grid_extent_ = grid;
    block_extent_ = block;
    const auto count = static_cast<std::size_t>(block.count());
    while (threads_.size() < count) threads_.push_back(std::make_unique<Thread>());
    for (std::uint64_t b = 0; b < grid.count(); ++b) {
      const std::uint64_t at = order_ == Order::forward ? b : grid.count() - 1 - b;
      block_index_ = {static_cast<unsigned>(at % grid.x), static_cast<unsigned>(at / grid.x % grid.y),
                      static_cast<unsigned>(at / grid.x / grid.y)};
      const auto shared = std::make_unique<std::byte[]>(shared_bytes);
      std::memset(shared.get(), 0xFF, shared_bytes);
      shared_ = shared.get();
      warps_.assign((count + warp - 1) / warp, {});
      run_block(count, thread);
    }
  }

  void set_order(Order order) { order_ = order; }

  const Thread& running() const {
    assert(running_ != nullptr && "of a kernel only");
    return *running_;
  }
  unsigned linear() const {
    const Index& i = running().index;
    return i.x + block_extent_.x * (i.y + block_extent_.y * i.z);
  }

  void wait(State state, std::uint32_t mask, const std::source_location& at) {
    running_->state = state;
    running_->mask = mask;
    running_->at = at;
    running_->fibre.leave();
  }

  Warp& warp_of_running() { return warps_[linear() / warp]; }

  Index block_index_{}, block_extent_{}, grid_extent_{};
  std::byte* shared_ = nullptr;

 private:
  void run_block(std::size_t count, const std::function<void()>& body) {
    std::exception_ptr failure;
    for (std::size_t t = 0; t < count; ++t) {
      Thread& thread = *threads_[t];
      const auto n = static_cast<unsigned>(t);
      thread.index = {n % block_extent_.x, n / block_extent_.x % block_extent_.y,
                      n / block_extent_.x / block_extent_.y};
      thread.state = State::ready;
      thread.fibre.start([this, &thread, &body, &failure] {
        try {
          body();
        } catch (const Cancelled&) {
        } catch (...) {
          if (!failure) failure = std::current_exception();
        }
        thread.state = State::done;
      });
    }
    const std::size_t warps = (count + warp - 1) / warp;
    while (!failure) {
      for (std::size_t w = 0; w < warps && !failure; ++w) {
        const std::size_t first = warp * (order_ == Order::forward ? w : warps - 1 - w);
        const std::size_t lanes = std::min<std::size_t>(warp, count - first);
        do run_ready(first, lanes, failure);
        while (!failure && release_warp(first, lanes));
      }
      if (!failure && std::all_of(threads_.begin(), threads_.begin() + static_cast<std::ptrdiff_t>(count),
                                  [](const auto& thread) { return thread->state == State::done; }))
        return;
      if (!failure) failure = release_block(count);
    }
    // The other fibres still hold objects of the kernel: they end by an exception of their own.
    for (std::size_t t = 0; t < count; ++t) {
      running_ = threads_[t].get();
      threads_[t]->fibre.cancel();
    }
    running_ = nullptr;
    std::rethrow_exception(failure);
  }

  void run_ready(std::size_t first, std::size_t lanes, const std::exception_ptr& failure) {
    for (std::size_t l = 0; l < lanes && !failure; ++l) {
      Thread& thread = *threads_[first + (order_ == Order::forward ? l : lanes - 1 - l)];
      if (thread.state != State::ready) continue;
      running_ = &thread;
      thread.fibre.enter();
      running_ = nullptr;
    }
  }

  /// With every thread waiting or done: opens the block's barrier, or says why it never will.
  std::exception_ptr release_block(std::size_t count) {
    std::size_t at_barrier = 0;
    std::size_t done = 0;
    const Thread* waiting = nullptr;
    for (std::size_t t = 0; t < count; ++t) {
      const Thread& thread = *threads_[t];
      done += thread.state == State::done ? 1 : 0;
      if (thread.state != State::at_block_barrier) continue;
      ++at_barrier;
      if (waiting != nullptr &&
          (waiting->at.line() != thread.at.line() || std::strcmp(waiting->at.file_name(), thread.at.file_name()) != 0))
        return error(
            fmt::format("threads of a block wait at different barriers: {} and {}", place(*waiting), place(thread)));
      waiting = &thread;
    }
    if (at_barrier + done < count)
      return error("threads wait for lanes of their warp that never come (a warp operation in a branch?)");
    if (done > 0)
      return error(
          fmt::format("{} of {} threads ended while others wait at the barrier at {}", done, count, place(*waiting)));
    for (std::size_t t = 0; t < count; ++t) threads_[t]->state = State::ready;
    return nullptr;
  }

  /// Lets go on the lanes whose mask has come; false when there are none.
  bool release_warp(std::size_t first, std::size_t lanes) {
    std::uint32_t complete = 0;
    for (std::size_t l = 0; l < lanes; ++l) {
      const Thread& thread = *threads_[first + l];
      if (thread.state != State::at_warp_operation) continue;
      bool all = true;
      for (std::size_t other = 0; other < lanes; ++other)
        if ((thread.mask >> other & 1U) != 0)
          all = all && threads_[first + other]->state == State::at_warp_operation &&
                threads_[first + other]->mask == thread.mask;
      if (all) complete |= std::uint32_t{1} << l;
    }
    for (std::size_t l = 0; l < lanes; ++l)
      if ((complete >> l & 1U) != 0) threads_[first + l]->state = State::ready;
    return complete != 0;
  }

  static std::string place(const Thread& thread) {
    return fmt::format("{}:{}", thread.at.file_name(), thread.at.line());
  }

  std::exception_ptr error(const std::string& text) const {
    return std::make_exception_ptr(KernelError(
        fmt::format("kernel {}, block ({}, {}, {}): {}", name_, block_index_.x, block_index_.y, block_index_.z, text)));
  }

  const char* name_ = "";
  Order order_ = Order::forward;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Warp> warps_;
  Thread* running_ = nullptr;
};

Block& the_block() {
  static Block block;
  return block;
}

}  // namespace

void set_order(Order order) { the_block().set_order(order); }

void run_grid(const char* name, Index grid, Index block, std::size_t shared_bytes,
              const std::function<void()>& thread) {
  the_block().run_grid(name, grid, block, shared_bytes, thread);
}

const Index& thread_index() { return the_block().running().index; }
const Index& block_index() { return the_block().block_index_; }
const Index& block_extent() { return the_block().block_extent_; }
const Index& grid_extent() { return the_block().grid_extent_; }
void* dynamic_shared() { return the_block().shared_; }
unsigned lane() { return the_block().linear() % warp; }

void block_barrier(const std::source_location& at) { the_block().wait(State::at_block_barrier, 0, at); }

void warp_barrier(std::uint32_t mask, const std::source_location& at) {
  if ((mask >> lane() & 1U) == 0)
    throw KernelError(fmt::format("{}:{}: a lane that its own mask leaves out", at.file_name(), at.line()));
  the_block().wait(State::at_warp_operation, mask, at);
}

const Slot* warp_exchange(std::uint32_t mask, const Slot& value, const std::source_location& at) {
  Warp& own = the_block().warp_of_running();
  const unsigned l = lane();
  const unsigned set = own.parity[l] ^= 1U;
  own.slots[set][l] = value;
  warp_barrier(mask, at);
  return own.slots[set];
}

}  // namespace frugal::cuda::host_shim
