// Thread blocks on the processor: a fibre per CUDA thread, run one after another up to its next barrier. Blocks run one
// after another; those of a cluster, or all of a cooperative launch, are alive at once and take turns.
//
// What a kernel gets wrong is an exception of the launch that ran it: a barrier that some threads of the block never
// reach or that they reach at different lines, a warp operation that a named lane misses, a flag that nobody raises, an
// address outside shared memory, an exception of the kernel.
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

/// What is run; device.hpp has the meaning of the last two.
struct Grid {
  const char* name;
  Index grid, block;
  std::size_t shared_bytes;
  unsigned cluster;
  bool cooperative;
};
/// Runs `thread` once for every thread of every block. Not to be called from a kernel or by two threads at once.
/// Dynamic shared memory starts as 0xFF bytes: floats are NaN.
void run_grid(const Grid& grid, const std::function<void()>& thread);

// Of the thread that runs.
const Index& thread_index();
const Index& block_index();
const Index& block_extent();
const Index& grid_extent();
void* dynamic_shared();
/// `bytes` at an offset into the dynamic shared memory of the block, or of block `rank` of its cluster. Throws KernelError
/// outside of it, and where the offset is no multiple of `bytes`.
void* shared_at(std::uint32_t offset, std::size_t bytes);
void* shared_of_cluster(std::uint32_t offset, unsigned rank, std::size_t bytes);
unsigned cluster_rank();
unsigned lane();

void block_barrier(const std::source_location& at);
/// Waits until `threads` threads of the block wait at barrier `id`.
void named_barrier(unsigned id, unsigned threads, const std::source_location& at);
/// The two halves of a barrier of all threads of a cluster.
void arrive_at_cluster();
void wait_for_cluster(const std::source_location& at);
/// 16 bytes into shared memory, not before finish_copies(): what reads them too early finds what was there.
void copy_later(std::uint32_t to, const void* from);
void close_copies();
/// Of this thread's closed groups all but the last `pending`.
void finish_copies(std::size_t pending);
/// Waits until *flag >= target.
void wait_for_flag(const unsigned* flag, unsigned target, const std::source_location& at);
/// Waits for the lanes of the mask that the warp has; this one must be among them.
void warp_barrier(std::uint32_t mask, const std::source_location& at);
/// What a lane gives to its warp.
struct Slot {
  std::uint64_t words[5] = {};
};
/// Gives `value` to the warp and returns all 32 slots; slots of lanes outside the mask, or that the block does not
/// have, hold anything. Nobody overwrites what is returned until this lane's next exchange.
const Slot* warp_exchange(std::uint32_t mask, const Slot& value, const std::source_location& at);
/// The same by all 32 lanes; the first to go on runs compute() on their slots, and each gets its own back.
Slot warp_together(const Slot& value, void (*compute)(Slot* slots), const std::source_location& at);

}  // namespace frugal::cuda::host_shim
