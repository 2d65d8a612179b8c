// Rows of factors with their biases, in shared or in device memory, as the lanes of a worker hold and move them.
#pragma once
#include <cstdint>

#include "impl/cuda/device/cooperation.hpp"

namespace frugal::cuda::sgd {

/// A lane's part of one row: float4 number c * lanes + lane for c < chunks. The bias is in every lane.
template <int lanes, int chunks>
struct Row {
  static constexpr unsigned floats = 4 * lanes * chunks;
  float4 part[chunks];
  float bias;

  __device__ float dot(const Row& other) const {
    float even = 0;
    float odd = 0;
#pragma unroll
    for (int c = 0; c < chunks; ++c) {
      even = fmaf(part[c].x, other.part[c].x, even);
      odd = fmaf(part[c].y, other.part[c].y, odd);
      even = fmaf(part[c].z, other.part[c].z, even);
      odd = fmaf(part[c].w, other.part[c].w, odd);
    }
    return even + odd;
  }
};

/// Where rows lie, dense, `first` being the first one's slot.
struct Extent {
  float* rows;  ///< [count, Row::floats]
  float* biases;
  std::uint32_t first;
};

// Shared memory by 32-bit addresses, without a branch: what a pointer would cost in every step is a chain of its own.
#ifdef __CUDACC__
__device__ inline float4 load_shared4(std::uint32_t at) {
  float4 v;
  asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "r"(at)
               : "memory");
  return v;
}
__device__ inline float load_shared1(std::uint32_t at) {
  float v;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(at) : "memory");
  return v;
}
template <class T>
__device__ T load_shared(std::uint32_t at) {
  static_assert(sizeof(T) == 8);
  std::uint32_t words[2];
  asm volatile("ld.shared.v2.u32 {%0,%1}, [%2];" : "=r"(words[0]), "=r"(words[1]) : "r"(at) : "memory");
  return {words[0], words[1]};
}
template <class T>
__device__ void store_shared(std::uint32_t at, const T& value) {
  static_assert(sizeof(T) == 8);
  const auto& [first, second] = value;
  asm volatile("st.shared.v2.u32 [%0], {%1,%2};" ::"r"(at), "r"(first), "r"(second) : "memory");
}
__device__ inline void store_shared4_if(bool wanted, std::uint32_t at, const float4& v) {
  asm volatile("{.reg .pred p; setp.ne.s32 p, %5, 0; @p st.shared.v4.f32 [%0], {%1,%2,%3,%4};}" ::"r"(at), "f"(v.x),
               "f"(v.y), "f"(v.z), "f"(v.w), "r"(static_cast<int>(wanted))
               : "memory");
}
__device__ inline void store_shared1_if(bool wanted, std::uint32_t at, float v) {
  asm volatile("{.reg .pred p; setp.ne.s32 p, %2, 0; @p st.shared.f32 [%0], %1;}" ::"r"(at), "f"(v),
               "r"(static_cast<int>(wanted))
               : "memory");
}
#else
template <class T>
T& shared_at(std::uint32_t at) {
  return *reinterpret_cast<T*>(static_cast<std::byte*>(host_shim::dynamic_shared()) + at);
}
inline float4 load_shared4(std::uint32_t at) { return shared_at<float4>(at); }
inline float load_shared1(std::uint32_t at) { return shared_at<float>(at); }
template <class T>
T load_shared(std::uint32_t at) {
  return shared_at<T>(at);
}
template <class T>
void store_shared(std::uint32_t at, const T& value) {
  shared_at<T>(at) = value;
}
inline void store_shared4_if(bool wanted, std::uint32_t at, const float4& v) {
  if (wanted) shared_at<float4>(at) = v;
}
inline void store_shared1_if(bool wanted, std::uint32_t at, float v) {
  if (wanted) shared_at<float>(at) = v;
}
#endif

/// Rows in shared memory, of one lane. Addresses are those of slot 0, wherever that would be: they wrap around.
template <int lanes, int chunks>
class SharedTable {
 public:
  __device__ SharedTable(const Extent& extent, unsigned lane)
      : rows_(shared_address(extent.rows) - extent.first * row_bytes + 16 * lane),
        biases_(shared_address(extent.biases) - extent.first * 4),
        first_lane_(lane == 0) {}

  __device__ void load(std::uint32_t slot, Row<lanes, chunks>& row) const {
#pragma unroll
    for (int c = 0; c < chunks; ++c)
      row.part[c] = load_shared4(rows_ + slot * row_bytes + static_cast<std::uint32_t>(16 * lanes * c));
    row.bias = load_shared1(biases_ + slot * 4);
  }
  __device__ void store_if(bool wanted, std::uint32_t slot, const Row<lanes, chunks>& row) const {
#pragma unroll
    for (int c = 0; c < chunks; ++c)
      store_shared4_if(wanted, rows_ + slot * row_bytes + static_cast<std::uint32_t>(16 * lanes * c), row.part[c]);
    store_shared1_if(wanted && first_lane_, biases_ + slot * 4, row.bias);
  }

 private:
  static constexpr std::uint32_t row_bytes = Row<lanes, chunks>::floats * 4;
  std::uint32_t rows_;
  std::uint32_t biases_;
  bool first_lane_;
};

/// Rows in device memory, of one lane. handed_on: other blocks write them too, at other times, so that reads pass by the
/// multiprocessor's own cache.
template <int lanes, int chunks, bool handed_on>
class DeviceTable {
 public:
  __device__ DeviceTable(const Extent& extent, unsigned lane)
      : rows_(extent.rows + 4 * lane), biases_(extent.biases), first_(extent.first), first_lane_(lane == 0) {}

  __device__ void load(std::uint32_t slot, Row<lanes, chunks>& row) const {
    const float* const at = rows_ + std::size_t{slot - first_} * Row<lanes, chunks>::floats;
    const float* const bias = biases_ + (slot - first_);
#pragma unroll
    for (int c = 0; c < chunks; ++c) {
      const auto* const part = reinterpret_cast<const float4*>(at + 4 * lanes * c);
      row.part[c] = handed_on ? __ldcg(part) : *part;
    }
    row.bias = handed_on ? __ldcg(bias) : *bias;
  }
  __device__ void store_if(bool wanted, std::uint32_t slot, const Row<lanes, chunks>& row) const {
    if (!wanted) return;
    float* const at = rows_ + std::size_t{slot - first_} * Row<lanes, chunks>::floats;
#pragma unroll
    for (int c = 0; c < chunks; ++c)
      __stcg(reinterpret_cast<float4*>(at + 4 * lanes * c), row.part[c]);  // 16 bytes at once
    if (first_lane_) biases_[slot - first_] = row.bias;
  }

 private:
  float* rows_;
  float* biases_;
  std::uint32_t first_;
  bool first_lane_;
};

/// Copy `count` rows of `floats` and their biases, by all threads of the block; in device memory past the
/// multiprocessor's own cache, as blocks hand rows on.
__device__ inline void rows_to_shared(const Extent& from, const Extent& to, std::uint32_t count, unsigned floats) {
  for (std::uint32_t i = threadIdx.x; i < count * (floats / 4); i += blockDim.x)
    reinterpret_cast<float4*>(to.rows)[i] = __ldcg(reinterpret_cast<const float4*>(from.rows) + i);
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) to.biases[i] = __ldcg(from.biases + i);
}
__device__ inline void rows_to_device(const Extent& from, const Extent& to, std::uint32_t count, unsigned floats) {
  for (std::uint32_t i = threadIdx.x; i < count * (floats / 4); i += blockDim.x)
    __stcg(reinterpret_cast<float4*>(to.rows) + i, reinterpret_cast<const float4*>(from.rows)[i]);
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) __stcg(to.biases + i, from.biases[i]);
}

}  // namespace frugal::cuda::sgd
