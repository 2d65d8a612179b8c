// The thin layer between this back end and a device: memory, copies, launches, graphs, errors. Two implementations of
// what is declared here: runtime/ (the CUDA runtime) and host_shim/ (kernels run on the processor, for tests). Whatever
// uses this header and kernel_language.hpp is one source for both.
#pragma once
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// A CUDA call that failed: "launch of inr_train: an illegal memory access was encountered". Out of memory is
/// OutOfMemoryError (impl/base/error.hpp), which names the bytes wanted and free.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a back end needs to know to cut its work.
struct DeviceLimits {
  int multiprocessors = 0;
  std::size_t shared_bytes_per_block = 0;  ///< with opt-in, dynamic and static together
  std::size_t l2_bytes = 0;
  int compute_capability = 0;  ///< 90 is 9.0
};

/// "cuda", or "cuda-on-cpu": starts the name of every implementation in the record.
const char* platform();
std::string platform_description();

Support device_available();
/// Name, capability, memory, driver, clocks...; what is asked of a device only when there is one.
DeviceFacts device_facts();
/// As Backend::readings().
DeviceReadings device_readings();
/// As Backend::libraries().
std::vector<std::pair<std::string, std::string>> device_libraries();
/// Of the device in use; requires device_available().
const DeviceLimits& device_limits();
/// Of those that tensor_core.hpp asks for, with tf32 and bf16: they came with sm_80.
inline bool has_tensor_cores() { return device_limits().compute_capability >= 80; }

/// Work in order, beside that of other streams.
class Stream {
 public:
  enum class Priority {
    usual,
    high  ///< blocks that wait for a place go before those of usual streams
  };
  explicit Stream(Priority priority = Priority::usual);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Waits for all work so far. Errors of kernels come out here.
  void synchronize() const;

  /// What comes after goes behind all work of `other` so far. Where a graph is recorded from `other`, it records what
  /// comes after here too, as a branch, until the recording stream has waited for this one.
  void wait_for(const Stream& other) const;

  void* handle() const { return handle_; }  ///< cudaStream_t; of the shim: its own

 private:
  void* handle_ = nullptr;
  void* event_ = nullptr;  ///< cudaEvent_t of wait_for
};

/// The functions under DeviceBuffer; sizes in bytes, `what` for the error.
namespace memory {
void* allocate(std::size_t bytes, const char* what);
void release(void* pointer) noexcept;
void to_device(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what);
void to_host(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what);
void between(void* to, const void* from, std::size_t bytes, const Stream& stream, const char* what);
void fill_zero(void* at, std::size_t bytes, const Stream& stream, const char* what);
}  // namespace memory

/// An array in device memory, not initialised. T: plain data.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  DeviceBuffer() = default;
  /// what: names the array in errors, a string literal. Throws OutOfMemoryError.
  DeviceBuffer(std::size_t size, const char* what)
      : data_(size == 0 ? nullptr : static_cast<T*>(memory::allocate(size * sizeof(T), what))),
        size_(size),
        what_(what) {}
  DeviceBuffer(std::span<const T> values, const char* what, const Stream& stream) : DeviceBuffer(values.size(), what) {
    upload(values, stream);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), what_(other.what_) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(what_, other.what_);
    return *this;
  }
  ~DeviceBuffer() { memory::release(data_); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Copies to [at, at + values.size()); `values` may change or go when this returns.
  void upload(std::span<const T> values, const Stream& stream, std::size_t at = 0) {
    assert(at + values.size() <= size_);
    if (!values.empty()) memory::to_device(data_ + at, values.data(), values.size_bytes(), stream, what_);
  }
  /// Copies [at, at + values.size()) and waits for it, hence for all work of the stream so far.
  void download(std::span<T> values, const Stream& stream, std::size_t at = 0) const {
    assert(at + values.size() <= size_);
    if (!values.empty()) memory::to_host(values.data(), data_ + at, values.size_bytes(), stream, what_);
  }
  std::vector<T> download(const Stream& stream) const {
    std::vector<T> values(size_);
    download(values, stream);
    return values;
  }
  /// Device to device; sizes equal.
  void copy_from(const DeviceBuffer& other, const Stream& stream) {
    assert(other.size_ == size_);
    if (size_ > 0) memory::between(data_, other.data_, size_ * sizeof(T), stream, what_);
  }
  void zero(const Stream& stream) {
    if (size_ > 0) memory::fill_zero(data_, size_ * sizeof(T), stream, what_);
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  const char* what_ = "";
};

struct LaunchShape {
  const char* name;  ///< of the kernel, for errors
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;  ///< dynamic: shared_memory() in the kernel
  /// Of a kernel with both, no less than its __shared__ variables: the device's limit is on the sum. A kernel without
  /// dynamic shared memory has what the compiler allowed.
  std::size_t static_bytes = 0;
  /// Neighbouring blocks that read and write each other's shared memory, up to 8; grid.x is a multiple. From sm_90 on.
  unsigned cluster = 1;
  /// All blocks are alive at once and may wait for each other (cooperation.hpp); a launch that does not fit is refused.
  bool cooperative = false;
  bool early = false;  ///< may start while the launch before it ends: the kernel calls wait_for_launch_before()
};

/// The most of grid.y, and of grid.z.
inline constexpr unsigned most_grid_rows = 65535;

/// Throws DeviceError, with the numbers, on a shape that no launch can have on the device in use.
void require_possible(const LaunchShape& shape);

/// Runs kernel(arguments...) on the stream. One source for both compilers: launch({"scale", blocks, 256}, stream,
/// scale, n, buffer.data()). Arguments are converted to the kernel's parameters and copied. Nothing runs for an empty
/// grid.
template <class... Parameters, class... Arguments>
void launch(const LaunchShape& shape, const Stream& stream, void (*kernel)(Parameters...), Arguments&&... arguments);

/// Launches, copies between buffers and zeroings recorded once and replayed with the same arguments (a CUDA graph). The
/// buffers must outlive it. Where a step is many small kernels, replaying costs one call.
class Graph {
 public:
  /// Calls record() with what it issues to `stream` recorded instead of run. It must not upload, download or allocate.
  template <class Record>
  Graph(const Stream& stream, const Record& record) {
    begin(stream);
    try {
      record();
    } catch (...) {
      abandon(stream);
      throw;
    }
    end(stream);
  }
  Graph(Graph&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Graph& operator=(Graph&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Graph();

  void replay(const Stream& stream) const;

 private:
  static void begin(const Stream& stream);
  static void abandon(const Stream& stream) noexcept;
  void end(const Stream& stream);

  void* handle_ = nullptr;
};

/// Blocks of `block` threads that cover n elements.
constexpr unsigned blocks_for(std::uint64_t n, unsigned block) {
  return static_cast<unsigned>((n + block - 1) / block);
}

/// The most that kernels number by 32 bits, in blocks of up to 256 threads: those behind the last one have numbers too.
inline constexpr std::uint64_t most_numbered = 0xffffff00;

}  // namespace frugal::cuda

#ifdef FRUGAL_CUDA_ON_CPU
#include "impl/cuda/device/host_shim/launch.hpp"
#else
#include "impl/cuda/device/runtime/launch.hpp"
#endif
