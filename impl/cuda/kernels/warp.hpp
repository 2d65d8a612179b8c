// Sums and scans over the threads of a warp or a block. The order of every sum is fixed by the number of threads: the
// same input gives the same bits.
#pragma once
#include <cstdint>

#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

/// The mask of warp operations among the first `lanes` lanes, 1 to 32.
__device__ inline unsigned lane_mask(unsigned lanes) { return lanes >= 32 ? 0xffffffffU : (1U << lanes) - 1; }

/// The sum over the first `lanes` lanes of the warp (a power of two), the same bits in each of them: the butterfly adds
/// the same pairs on either side.
template <class T>
__device__ T sum_over_lanes(T value, unsigned lanes, unsigned mask) {
  for (unsigned bit = lanes / 2; bit > 0; bit /= 2) value += __shfl_xor_sync(mask, value, static_cast<int>(bit));
  return value;
}

template <class T>
__device__ T sum_over_warp(T value) {
  return sum_over_lanes(value, 32, 0xffffffffU);
}

/// Threads of sum_over_block.
inline constexpr unsigned mean_threads = 256;

/// The sum of n values in double by a block of mean_threads threads; the first thread has it. The loads pass by the
/// multiprocessor's own cache: an early launch may read what was just written.
__device__ inline double sum_over_block(const float* values, std::uint32_t n) {
  __shared__ double warps[mean_threads / 32];
  double sum = 0;
  for (std::uint32_t i = threadIdx.x; i < n; i += mean_threads) sum += static_cast<double>(__ldcg(values + i));
  sum = sum_over_warp(sum);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  double total = 0;
  for (const double part : warps) total += part;
  return total;
}

/// What block_scan needs in shared memory, one word a warp.
struct ScanScratch {
  std::uint32_t warps[32];
};

/// Exclusive sum over the threads of a one-dimensional block of whole warps; `total` is the sum of all. Every thread
/// must call it.
__device__ inline std::uint32_t block_scan(std::uint32_t value, std::uint32_t& total, ScanScratch& scratch) {
  constexpr unsigned all = 0xffffffffU;
  const unsigned lane = threadIdx.x % 32;
  const unsigned warp = threadIdx.x / 32;
  const unsigned warps = blockDim.x / 32;
  std::uint32_t sum = value;
  for (unsigned step = 1; step < 32; step *= 2) {
    const std::uint32_t before = __shfl_up_sync(all, sum, step);
    if (lane >= step) sum += before;
  }
  __syncthreads();  // a scan before this one may still be read
  if (lane == 31) scratch.warps[warp] = sum;
  __syncthreads();
  std::uint32_t earlier = 0;
  total = 0;
  for (unsigned w = 0; w < warps; ++w) {
    if (w == warp) earlier = total;
    total += scratch.warps[w];
  }
  return earlier + sum - value;
}

}  // namespace frugal::cuda
