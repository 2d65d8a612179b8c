// What threads do together beyond CUDA C++'s own words: barriers of a part of a block, clusters of blocks, flags between
// the blocks of a cooperative launch, and copies into shared memory that do not go through registers.
//
// Shared memory is addressed here as the instructions do it, by 32 bits: shared_address(pointer). Every word has its
// instruction and, for the shim, the same on the processor. Clusters need sm_90, copies sm_80; a kernel compiled for an
// older device traps there, so its launcher asks device_limits() first.
#pragma once
#include <cstdint>

#include "impl/cuda/device/kernel_language.hpp"

#if defined(__CUDACC__)

namespace frugal::cuda {

__device__ inline std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// Barrier `id`, 1 to 15, of `threads` threads of the block, whole warps.
__device__ inline void named_barrier(unsigned id, unsigned threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/// Adds 1 to a flag in device memory, after all that this thread wrote or has seen; others see it by wait_for_flag().
__device__ inline void raise_flag(unsigned* flag) {
  __threadfence();
  asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(flag) : "memory");
}

/// Waits until *flag >= target: what was written before it was raised is seen by loads that pass by the
/// multiprocessor's own cache (__ldcg). One thread of a block waits, a barrier follows.
__device__ inline void wait_for_flag(const unsigned* flag, unsigned target) {
  unsigned value;
  do {
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(flag) : "memory");
  } while (value < target);
  __threadfence();
}

/// 16 bytes from device memory (past the multiprocessor's own cache) to shared memory, both aligned.
__device__ inline void copy_async(std::uint32_t to, const void* from) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
#else
  __trap();
#endif
}
/// Closes a group of this thread's copies.
__device__ inline void commit_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
/// Waits for this thread's groups but the last `pending`; a barrier makes them others' too.
template <int pending>
__device__ void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

/// What device memory has at an address comes into the second cache. From sm_80 on, as the copies.
__device__ inline void prefetch(const void* from) {
#if __CUDA_ARCH__ >= 800
  asm volatile("prefetch.global.L2 [%0];" ::"l"(from));
#endif
}

/// Starts a copy from shared to device memory, for the whole block by one thread: multiples of 16 bytes, of what a
/// publish_to_copies() of its writers and a barrier made visible. From sm_90 on.
__device__ inline void store_async(void* to, std::uint32_t from, std::uint32_t bytes) {
#if __CUDA_ARCH__ >= 900
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2; cp.async.bulk.commit_group;" ::"l"(to),
               "r"(from), "r"(bytes)
               : "memory");
#else
  __trap();
#endif
}
/// Waits until the stores of this thread have read what they copy.
__device__ inline void wait_for_stores() {
#if __CUDA_ARCH__ >= 900
  asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
#endif
}
/// Before a barrier: what this thread wrote to shared memory is for store_async() and the products of warp groups, which
/// have a way to it of their own.
__device__ inline void publish_to_copies() {
#if __CUDA_ARCH__ >= 900
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

/// The two halves of a barrier of all threads of the cluster: writes before the one are seen after the other.
__device__ inline void arrive_at_cluster() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#else
  __trap();
#endif
}
__device__ inline void wait_for_cluster() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

/// This block's place in its cluster.
__device__ inline unsigned cluster_rank() {
  unsigned rank = 0;
#if __CUDA_ARCH__ >= 900
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
  return rank;
}

namespace cooperation {
/// Where another block of the cluster has what this one has at `address`.
__device__ inline std::uint32_t of_rank(std::uint32_t address, unsigned rank) {
  std::uint32_t there = 0;
#if __CUDA_ARCH__ >= 900
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(rank));
#endif
  return there;
}
}  // namespace cooperation

/// Shared memory of block `rank` of the cluster, at this block's address.
__device__ inline float4 load_of_cluster(std::uint32_t address, unsigned rank) {
  float4 v = make_float4(0, 0, 0, 0);
#if __CUDA_ARCH__ >= 900
  asm volatile("ld.shared::cluster.v4.f32 {%0,%1,%2,%3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "r"(cooperation::of_rank(address, rank))
               : "memory");
#endif
  return v;
}
__device__ inline void store_to_cluster(std::uint32_t address, unsigned rank, const float4& v) {
#if __CUDA_ARCH__ >= 900
  asm volatile("st.shared::cluster.v4.f32 [%0], {%1,%2,%3,%4};" ::"r"(cooperation::of_rank(address, rank)), "f"(v.x),
               "f"(v.y), "f"(v.z), "f"(v.w)
               : "memory");
#endif
}

}  // namespace frugal::cuda

#else
#include "impl/cuda/device/host_shim/cooperation.hpp"
#endif

namespace frugal::cuda {

__device__ inline void cluster_barrier() {
  arrive_at_cluster();
  wait_for_cluster();
}

}  // namespace frugal::cuda
