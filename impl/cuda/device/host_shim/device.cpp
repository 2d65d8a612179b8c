// The device layer on the processor: who goes beyond a buffer dies, by a page behind it that nobody may touch, or, where
// there is a sanitizer, by that; a stream runs its work at once, or records it.
#include "impl/cuda/device/host_shim/device.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstring>
#include <limits>
#include <map>
#include <new>

#include "impl/base/error.hpp"

namespace frugal::cuda {
namespace host_shim {
namespace {

using Work = std::vector<std::function<void()>>;

struct HostStream {
  std::unique_ptr<Work> recording;
  std::vector<HostStream*> branches;  ///< whose work is in the recording too
  HostStream* branch_of = nullptr;
  bool waited_for = true;  ///< of a branch: all of its work so far, by the recording stream or by another branch

  /// At the end of a recording. False: nobody waited for one of the branches.
  bool let_branches_go() {
    bool all_waited_for = true;
    for (HostStream* branch : branches) {
      all_waited_for = all_waited_for && branch->waited_for;
      branch->branch_of = nullptr;
    }
    branches.clear();
    return all_waited_for;
  }
};

HostStream& host_stream(const Stream& stream) { return *static_cast<HostStream*>(stream.handle()); }

struct Heap {
  std::map<void*, std::size_t> sizes;
  std::size_t used = 0;
  std::size_t bound = std::numeric_limits<std::size_t>::max();
};
Heap& heap() {
  static Heap instance;
  return instance;
}

DeviceLimits& current_limits() {
  static DeviceLimits limits = default_limits();
  return limits;
}

void require_not_recording(const Stream& stream, const char* what) {
  if (host_stream(stream).recording || host_stream(stream).branch_of != nullptr)
    throw DeviceError(fmt::format("copy of {}: not permitted while a graph is recorded", what));
}

}  // namespace

DeviceLimits default_limits() {
  return {.multiprocessors = 4,
          .shared_bytes_per_block = 227 * 1024,
          .l2_bytes = 50 * 1024 * 1024,
          .compute_capability = 90};
}

void set_limits(const DeviceLimits& limits) { current_limits() = limits; }
void set_memory(std::size_t bytes) { heap().bound = bytes; }
std::size_t allocated() { return heap().used; }

void issue(const Stream& stream, std::function<void()> work) {
  HostStream& own = host_stream(stream);
  own.waited_for = false;
  HostStream& target = own.branch_of == nullptr ? own : *own.branch_of;
  if (target.recording)
    target.recording->push_back(std::move(work));
  else
    work();
}

void check_shape(const LaunchShape& shape) {
  require_possible(shape);
  if (shape.cluster > 1 &&
      (current_limits().compute_capability < 90 || shape.cluster > 8 || shape.grid.x % shape.cluster != 0))
    throw DeviceError(fmt::format("launch of {}: clusters of {} of {} blocks on a device of capability {}", shape.name,
                                  shape.cluster, shape.grid.x, current_limits().compute_capability));
  const std::uint64_t blocks = to_index(shape.grid).count();
  const std::size_t shared = shape.shared_bytes + shape.static_bytes;
  const std::uint64_t fit = static_cast<std::uint64_t>(current_limits().multiprocessors) *
                            std::min<std::uint64_t>(2048 / to_index(shape.block).count(),
                                                    (current_limits().shared_bytes_per_block + 1024) / (shared + 1024));
  if (shape.cooperative && blocks > fit)
    throw DeviceError(fmt::format("launch of {}: {} blocks cannot be alive at once, {} can", shape.name, blocks, fit));
}

}  // namespace host_shim

const char* platform() { return "cuda-on-cpu"; }
std::string platform_description() { return "the CUDA kernels, run on the processor by a test shim"; }

Support device_available() { return Support::yes(); }
DeviceFacts device_facts() { return {{"device", "none: the kernels run on the processor"}}; }
DeviceReadings device_readings() { return {}; }
std::vector<std::pair<std::string, std::string>> device_libraries() { return {}; }
const DeviceLimits& device_limits() { return host_shim::current_limits(); }

Stream::Stream(Priority /*priority*/) : handle_(new host_shim::HostStream) {}
Stream::~Stream() {
  auto* const own = static_cast<host_shim::HostStream*>(handle_);
  if (own->branch_of != nullptr) std::erase(own->branch_of->branches, own);
  delete own;
}
void Stream::synchronize() const {}

void Stream::wait_for(const Stream& other) const {
  host_shim::HostStream& own = host_shim::host_stream(*this);
  host_shim::HostStream& before = host_shim::host_stream(other);
  before.waited_for = true;
  host_shim::HostStream* const recording = before.recording ? &before : before.branch_of;
  if (recording == nullptr || recording == &own) return;
  own.waited_for = false;
  if (std::exchange(own.branch_of, recording) != recording) recording->branches.push_back(&own);
}

namespace memory {
namespace {

// A sanitizer knows where an array of the heap ends. Else the array ends, but for what aligns it, where a page begins that
// nobody may touch.
#ifdef __SANITIZE_ADDRESS__
void* reserve(std::size_t bytes) { return ::operator new(bytes); }
void give_back(void* pointer, std::size_t /*bytes*/) { ::operator delete(pointer); }
#else
constexpr std::size_t page = 4096;
constexpr std::size_t alignment = 16;

constexpr std::size_t rounded_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

void* reserve(std::size_t bytes) {
  const std::size_t room = rounded_up(bytes, page);
  void* const start = ::mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  std::byte* const end = static_cast<std::byte*>(start) + room;
  if (::mprotect(end, page, PROT_NONE) != 0) throw std::bad_alloc();
  return end - rounded_up(bytes, alignment);
}

void give_back(void* pointer, std::size_t bytes) {
  std::byte* const end = static_cast<std::byte*>(pointer) + rounded_up(bytes, alignment);
  const std::size_t room = rounded_up(bytes, page);
  ::munmap(end - room, room + page);
}
#endif

}  // namespace

void* allocate(std::size_t bytes, const char* what) {
  host_shim::Heap& heap = host_shim::heap();
  if (heap.bound - heap.used < bytes || heap.used > heap.bound)
    throw OutOfMemoryError(fmt::format("out of device memory: allocation of {}: {} bytes wanted, {} free", what, bytes,
                                       heap.bound - std::min(heap.used, heap.bound)));
  void* const pointer = reserve(bytes);
  std::memset(pointer, 0xFF, bytes);  // floats are NaN until somebody writes them
  heap.sizes[pointer] = bytes;
  heap.used += bytes;
  return pointer;
}

void release(void* pointer) noexcept {
  if (pointer == nullptr) return;
  host_shim::Heap& heap = host_shim::heap();
  const auto found = heap.sizes.find(pointer);
  heap.used -= found->second;
  give_back(pointer, found->second);
  heap.sizes.erase(found);
}

void to_device(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what) {
  host_shim::require_not_recording(stream, what);
  std::memcpy(to, from, bytes);
}

void to_host(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what) {
  host_shim::require_not_recording(stream, what);
  std::memcpy(to, from, bytes);
}

void between(void* to, const void* from, std::size_t bytes, const Stream& stream, const char*) {
  host_shim::issue(stream, [=] { std::memcpy(to, from, bytes); });
}

void fill_zero(void* at, std::size_t bytes, const Stream& stream, const char*) {
  host_shim::issue(stream, [=] { std::memset(at, 0, bytes); });
}

}  // namespace memory

void Graph::begin(const Stream& stream) {
  host_shim::host_stream(stream).recording = std::make_unique<host_shim::Work>();
}
void Graph::abandon(const Stream& stream) noexcept {
  host_shim::host_stream(stream).let_branches_go();
  host_shim::host_stream(stream).recording.reset();
}
void Graph::end(const Stream& stream) {
  std::unique_ptr<host_shim::Work> recorded = std::move(host_shim::host_stream(stream).recording);
  if (!host_shim::host_stream(stream).let_branches_go())
    throw DeviceError("a graph whose recording stream did not wait for all of its branches");
  handle_ = recorded.release();
}
Graph::~Graph() { delete static_cast<host_shim::Work*>(handle_); }

void Graph::replay(const Stream& stream) const {
  for (const auto& work : *static_cast<const host_shim::Work*>(handle_)) host_shim::issue(stream, work);
}

}  // namespace frugal::cuda
