// The device layer on the processor: memory is the heap's, so that a sanitizer sees every overrun; a stream runs its
// work at once, or records it.
#include "impl/cuda/device/host_shim/device.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>

#include "impl/base/error.hpp"

namespace frugal::cuda {
namespace host_shim {
namespace {

using Work = std::vector<std::function<void()>>;

struct HostStream {
  std::unique_ptr<Work> recording;
  HostStream* branch_of = nullptr;  ///< the stream whose recording has this one's work too
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
  HostStream& target = own.branch_of == nullptr ? own : *own.branch_of;
  if (target.recording)
    target.recording->push_back(std::move(work));
  else
    work();
}

void check_shape(const LaunchShape& shape) {
  const std::uint64_t threads = to_index(shape.block).count();
  if (threads == 0 || threads > 1024)
    throw DeviceError(fmt::format("launch of {}: a block of {} threads", shape.name, threads));
  if (shape.grid.y > 65535 || shape.grid.z > 65535 || shape.grid.x > 0x7fffffffU)
    throw DeviceError(fmt::format("launch of {}: a grid of {} x {} x {} blocks", shape.name, shape.grid.x, shape.grid.y,
                                  shape.grid.z));
  if (shape.shared_bytes > current_limits().shared_bytes_per_block)
    throw DeviceError(fmt::format("launch of {}: {} bytes of shared memory wanted, {} there", shape.name,
                                  shape.shared_bytes, current_limits().shared_bytes_per_block));
  if (shape.cluster > 1 &&
      (current_limits().compute_capability < 90 || shape.cluster > 8 || shape.grid.x % shape.cluster != 0))
    throw DeviceError(fmt::format("launch of {}: clusters of {} of {} blocks on a device of capability {}", shape.name,
                                  shape.cluster, shape.grid.x, current_limits().compute_capability));
  const std::uint64_t blocks = to_index(shape.grid).count();
  const std::uint64_t fit = static_cast<std::uint64_t>(current_limits().multiprocessors) *
                            std::min<std::uint64_t>(2048 / threads, (current_limits().shared_bytes_per_block + 1024) /
                                                                        (shape.shared_bytes + 1024));
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
Stream::~Stream() { delete static_cast<host_shim::HostStream*>(handle_); }
void Stream::synchronize() const {}

void Stream::wait_for(const Stream& other) const {
  host_shim::HostStream& own = host_shim::host_stream(*this);
  host_shim::HostStream& before = host_shim::host_stream(other);
  if (before.recording)
    own.branch_of = &before;
  else if (before.branch_of == &own)
    before.branch_of = nullptr;
}

namespace memory {

void* allocate(std::size_t bytes, const char* what) {
  host_shim::Heap& heap = host_shim::heap();
  if (heap.bound - heap.used < bytes || heap.used > heap.bound)
    throw OutOfMemoryError(fmt::format("out of device memory: allocation of {}: {} bytes wanted, {} free", what, bytes,
                                       heap.bound - std::min(heap.used, heap.bound)));
  void* const pointer = ::operator new(bytes);
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
  heap.sizes.erase(found);
  ::operator delete(pointer);
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
void Graph::abandon(const Stream& stream) noexcept { host_shim::host_stream(stream).recording.reset(); }
void Graph::end(const Stream& stream) { handle_ = host_shim::host_stream(stream).recording.release(); }
Graph::~Graph() { delete static_cast<host_shim::Work*>(handle_); }

void Graph::replay(const Stream& stream) const {
  for (const auto& work : *static_cast<const host_shim::Work*>(handle_)) host_shim::issue(stream, work);
}

}  // namespace frugal::cuda
