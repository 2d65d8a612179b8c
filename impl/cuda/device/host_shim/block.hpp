// One thread block on the processor: a fibre per CUDA thread, run one after another up to its next barrier. Blocks run
// one after another.
//
// What a kernel gets wrong is an exception of the launch that ran it: a barrier that some threads of the block never
// reach or that they reach at different lines, a warp operation that a named lane misses, an exception of the kernel.
// With a sanitizer every access is checked: a block's dynamic shared memory is an allocation of its own.
// Order::reversed runs threads and blocks backwards: a result that changes with the order shows a missing barrier. Not
// seen: data races between blocks or within a stretch without barriers that do not change the result.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>
#include <stdexcept>

namespace frugal::cuda::host_shim {

struct Index {
  unsigned x = 1, y = 1, z = 1;
  std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};

/// A kernel that would hang or be undefined on a device.
class KernelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Order { forward, reversed };
/// Of threads and blocks, from the next launch on.
void set_order(Order order);

/// Runs `thread` once for every thread of every block. Not to be called from a kernel or by two threads at once.
/// Dynamic shared memory starts as 0xFF bytes: floats are NaN.
void run_grid(const char* name, Index grid, Index block, std::size_t shared_bytes, const std::function<void()>& thread);

// Of the thread that runs.
const Index& thread_index();
const Index& block_index();
const Index& block_extent();
const Index& grid_extent();
void* dynamic_shared();
unsigned lane();

void block_barrier(const std::source_location& at);
/// Waits for the lanes of the mask that the warp has; this one must be among them.
void warp_barrier(std::uint32_t mask, const std::source_location& at);
/// What a lane gives to its warp.
struct Slot {
  std::uint64_t words[3] = {};
};
/// Gives `value` to the warp and returns all 32 slots; slots of lanes outside the mask, or that the block does not
/// have, hold anything. Nobody overwrites what is returned until this lane's next exchange.
const Slot* warp_exchange(std::uint32_t mask, const Slot& value, const std::source_location& at);

}  // namespace frugal::cuda::host_shim
