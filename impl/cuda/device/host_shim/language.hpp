// The words of CUDA C++ that the kernels use, for a compiler that is not nvcc. Only kernel_language.hpp includes this.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "impl/cuda/device/host_shim/block.hpp"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define __forceinline__ inline
#define __shared__ static  // one block runs at a time, where blocks do not meet

#define threadIdx (::frugal::cuda::host_shim::thread_index())
#define blockIdx (::frugal::cuda::host_shim::block_index())
#define blockDim (::frugal::cuda::host_shim::block_extent())
#define gridDim (::frugal::cuda::host_shim::grid_extent())

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

struct alignas(8) float2 {
  float x, y;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
struct alignas(16) float4 {
  float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
struct alignas(8) uint2 {
  unsigned x, y;
};
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

/// Loads and stores that pass by the multiprocessor's own cache.
template <class T>
T __ldcg(const T* at) {
  return *at;
}
template <class T>
void __stcg(T* at, std::type_identity_t<T> value) {
  *at = value;
}

template <class T>
T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
T max(T a, T b) {
  return a < b ? b : a;
}

inline void __syncthreads(std::source_location at = std::source_location::current()) {
  ::frugal::cuda::host_shim::block_barrier(at);
}
inline void __syncwarp(unsigned mask = 0xffffffffU, std::source_location at = std::source_location::current()) {
  ::frugal::cuda::host_shim::warp_barrier(mask, at);
}

namespace frugal::cuda::host_shim {

template <class T>
Slot to_slot(const T& value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(Slot));
  Slot slot;
  std::memcpy(slot.words, &value, sizeof value);
  return slot;
}

template <class T>
T from_slot(const Slot& slot) {
  T value;
  std::memcpy(&value, slot.words, sizeof value);
  return value;
}

/// What lane `from` gives; a lane of another segment of `width`, or none, gives this lane's own value back.
template <class T>
T shuffle(unsigned mask, T value, unsigned from, bool in_segment, const std::source_location& at) {
  const Slot* slots = warp_exchange(mask, to_slot(value), at);
  return in_segment ? from_slot<T>(slots[from]) : value;
}

}  // namespace frugal::cuda::host_shim

template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width = 32,
              std::source_location at = std::source_location::current()) {
  const unsigned lane = ::frugal::cuda::host_shim::lane();
  const unsigned segment = static_cast<unsigned>(width) - 1;
  return ::frugal::cuda::host_shim::shuffle(mask, value, (lane & ~segment) | (static_cast<unsigned>(from) & segment),
                                            true, at);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32,
                  std::source_location at = std::source_location::current()) {
  const unsigned lane = ::frugal::cuda::host_shim::lane();
  const unsigned from = lane ^ static_cast<unsigned>(bits);
  return ::frugal::cuda::host_shim::shuffle(
      mask, value, from, from / static_cast<unsigned>(width) <= lane / static_cast<unsigned>(width), at);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   std::source_location at = std::source_location::current()) {
  const unsigned lane = ::frugal::cuda::host_shim::lane();
  const unsigned within = lane % static_cast<unsigned>(width);
  return ::frugal::cuda::host_shim::shuffle(mask, value, lane + delta, within + delta < static_cast<unsigned>(width),
                                            at);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 std::source_location at = std::source_location::current()) {
  const unsigned lane = ::frugal::cuda::host_shim::lane();
  const unsigned within = lane % static_cast<unsigned>(width);
  return ::frugal::cuda::host_shim::shuffle(mask, value, lane - delta, within >= delta, at);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, std::source_location at = std::source_location::current()) {
  namespace shim = ::frugal::cuda::host_shim;
  const shim::Slot* slots = shim::warp_exchange(mask, shim::to_slot(predicate != 0), at);
  const std::uint64_t threads = blockDim.count();
  const auto& i = threadIdx;
  const std::uint64_t first = (i.x + std::uint64_t{blockDim.x} * (i.y + std::uint64_t{blockDim.y} * i.z)) / 32 * 32;
  unsigned votes = 0;
  for (unsigned l = 0; l < 32 && first + l < threads; ++l)
    if ((mask >> l & 1U) != 0 && shim::from_slot<bool>(slots[l])) votes |= 1U << l;
  return votes;
}
inline int __any_sync(unsigned mask, int predicate, std::source_location at = std::source_location::current()) {
  return __ballot_sync(mask, predicate, at) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate, std::source_location at = std::source_location::current()) {
  return __ballot_sync(mask, predicate == 0 ? 1 : 0, at) == 0 ? 1 : 0;
}

inline int __popc(unsigned bits) { return std::popcount(bits); }
inline unsigned __reduce_max_sync(unsigned mask, unsigned value,
                                  std::source_location at = std::source_location::current()) {
  namespace shim = ::frugal::cuda::host_shim;
  const shim::Slot* slots = shim::warp_exchange(mask, shim::to_slot(value), at);
  unsigned largest = 0;
  for (unsigned l = 0; l < 32; ++l)
    if ((mask >> l & 1U) != 0)
      largest = largest < shim::from_slot<unsigned>(slots[l]) ? shim::from_slot<unsigned>(slots[l]) : largest;
  return largest;
}

// Of integers only. Fibres do not interleave within one.
template <class T>
T atomicAdd(T* at, std::type_identity_t<T> value) {
  static_assert(std::is_integral_v<T>, "sums of floats by atomics depend on the order");
  const T before = *at;
  *at = before + value;
  return before;
}

namespace frugal::cuda {

/// The block's dynamic shared memory, aligned to 16 bytes, not initialised.
template <class T>
T* shared_memory() {
  return static_cast<T*>(host_shim::dynamic_shared());
}

// Launches run one after another here.
inline void wait_for_launch_before() {}
inline void let_next_launch_start() {}

}  // namespace frugal::cuda
