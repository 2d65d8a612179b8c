#include "impl/cuda/device/runtime/staging.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <thread>

namespace frugal::cuda {
namespace {

constexpr std::size_t threads = 4;
constexpr std::size_t chunk = std::size_t{1} << 20;

/// One thread's two buffers: one is filled while the device reads the other.
class Stage {
 public:
  cudaError_t allocate() {
    if (memory_ != nullptr) return cudaSuccess;
    for (cudaEvent_t& event : read_)
      if (const cudaError_t status = cudaEventCreateWithFlags(&event, cudaEventDisableTiming); status != cudaSuccess)
        return status;
    return cudaMallocHost(&memory_, 2 * chunk);
  }

  /// Every chunk number first, first + threads, ... of the copy.
  cudaError_t copy(std::byte* to, const std::byte* from, std::size_t bytes, std::size_t first, int device,
                   cudaStream_t stream) {
    cudaError_t status = cudaSetDevice(device);
    std::size_t turn = 0;
    for (std::size_t at = first * chunk; at < bytes && status == cudaSuccess; at += threads * chunk, ++turn) {
      std::byte* const buffer = static_cast<std::byte*>(memory_) + turn % 2 * chunk;
      const std::size_t size = std::min(chunk, bytes - at);
      status = cudaEventSynchronize(read_[turn % 2]);  // at once, if it was never recorded
      if (status != cudaSuccess) break;
      std::memcpy(buffer, from + at, size);
      status = cudaMemcpyAsync(to + at, buffer, size, cudaMemcpyHostToDevice, stream);
      if (status == cudaSuccess) status = cudaEventRecord(read_[turn % 2], stream);
    }
    return status;
  }

 private:
  void* memory_ = nullptr;  // both for as long as the process: the runtime may be gone before statics are
  std::array<cudaEvent_t, 2> read_{};
};

}  // namespace

cudaError_t upload_staged(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  static std::mutex mutex;
  static std::array<Stage, threads> stages;
  const std::lock_guard lock(mutex);
  int device = 0;
  if (const cudaError_t status = cudaGetDevice(&device); status != cudaSuccess) return status;
  for (Stage& stage : stages)
    if (const cudaError_t status = stage.allocate(); status != cudaSuccess) return status;
  std::array<cudaError_t, threads> found{};
  const auto run = [&](std::size_t t) {
    found[t] =
        stages[t].copy(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes, t, device, stream);
  };
  {
    std::array<std::jthread, threads - 1> others;
    for (std::size_t t = 1; t < threads; ++t) others[t - 1] = std::jthread(run, t);
    run(0);
  }
  for (const cudaError_t status : found)
    if (status != cudaSuccess) return status;
  return cudaSuccess;
}

}  // namespace frugal::cuda
