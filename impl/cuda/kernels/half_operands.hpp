// 16-bit operands of tensor cores in shared memory: converted, split into two parts, laid out, loaded and multiplied.
//
// A tile holds rows of `width` values. Its 16-byte piece c of row r lies at piece c ^ (r % 8), so that eight rows of one
// piece, which is what ldmatrix reads and what the lanes of a warp store, touch all banks once; no padding. In two parts
// x = high + low the tile of low parts follows `low` bytes on, and a product is high high + high low + low high, with
// sums in fp32: x is off by 2^-22 of itself, and what is left out, low low, by as much. fp16's smallest step is 2^-24:
// scales (powers of two, exact) keep operands where that is enough.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "impl/cuda/device/cooperation.hpp"
#include "impl/cuda/kernels/tensor_core.hpp"

namespace frugal::cuda {

/// The shared memory at an address.
__device__ inline void store_shared(std::uint32_t at, std::uint32_t value) {
#ifdef __CUDACC__
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(at), "r"(value) : "memory");
#else
  *static_cast<std::uint32_t*>(host_shim::shared_at(at, sizeof value)) = value;
#endif
}
__device__ inline void store_shared(std::uint32_t at, const uint4& v) {
#ifdef __CUDACC__
  asm volatile("st.shared.v4.b32 [%0], {%1,%2,%3,%4};" ::"r"(at), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
#else
  *static_cast<uint4*>(host_shim::shared_at(at, sizeof v)) = v;
#endif
}
__device__ inline uint4 load_shared(std::uint32_t at) {
#ifdef __CUDACC__
  uint4 v;
  asm volatile("ld.shared.v4.b32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "r"(at)
               : "memory");
  return v;
#else
  return *static_cast<const uint4*>(host_shim::shared_at(at, sizeof(uint4)));
#endif
}

/// One of the two kinds of 16-bit floats. In pack() `first` is the lower half; pack_finite() takes what is beyond the
/// largest number as that, and leaves a NaN.
struct Fp16 {
  static constexpr bool scaled = true;  ///< operands need scales: few exponents
  static __device__ std::uint32_t pack(float first, float second) {
#ifdef __CUDACC__
    std::uint32_t bits;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
    return bits;
#else
    return std::uint32_t{to_fp16(first)} | std::uint32_t{to_fp16(second)} << 16;
#endif
  }
  static __device__ std::uint32_t pack_finite(float first, float second) {
#ifdef __CUDACC__
    std::uint32_t bits;
    asm("cvt.rn.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
    return bits;
#else
    constexpr float most = 65504;
    const auto kept = [](float x) { return x > most ? most : x < -most ? -most : x; };
    return pack(kept(first), kept(second));
#endif
  }
  static __device__ float2 unpack(std::uint32_t bits) {
#ifdef __CUDACC__
    float2 values;
    asm("{.reg .f16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}"
        : "=f"(values.x), "=f"(values.y)
        : "r"(bits));
    return values;
#else
    return {from_fp16(static_cast<std::uint16_t>(bits)), from_fp16(static_cast<std::uint16_t>(bits >> 16))};
#endif
  }
  static __device__ void multiply(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    tensor_core::multiply_fp16(c, a, b);
  }
};
struct Bf16 {
  static constexpr bool scaled = false;
  static __device__ std::uint32_t pack(float first, float second) {
#ifdef __CUDACC__
    std::uint32_t bits;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
    return bits;
#else
    return tensor_core::pack_bf16(first, second);
#endif
  }
  static __device__ std::uint32_t pack_finite(float first, float second) { return pack(first, second); }
  static __device__ float2 unpack(std::uint32_t bits) {
    return make_float2(std::bit_cast<float>(bits << 16), std::bit_cast<float>(bits & 0xffff0000U));
  }
  static __device__ void multiply(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    tensor_core::multiply_bf16(c, a, b);
  }
};

/// A pair of values in one or two parts.
template <class T, int parts>
struct Pair {
  std::uint32_t bits[parts];
  __device__ Pair(float first, float second) : Pair(first, second, std::false_type{}) {}
  /// Of values that may be beyond what T holds.
  static __device__ Pair finite(float first, float second) { return {first, second, std::true_type{}}; }
  /// To address `at`, the second part `low` bytes on.
  __device__ void store(std::uint32_t at, std::uint32_t low) const {
#pragma unroll
    for (int part = 0; part < parts; ++part) store_shared(at + static_cast<std::uint32_t>(part) * low, bits[part]);
  }

 private:
  template <bool finite>
  __device__ Pair(float first, float second, std::bool_constant<finite>) {
    const auto pack = [](float x, float y) { return finite ? T::pack_finite(x, y) : T::pack(x, y); };
    bits[0] = pack(first, second);
    if constexpr (parts == 2) {
      const float2 high = T::unpack(bits[0]);
      bits[1] = pack(first - high.x, second - high.y);
    }
  }
};

/// Bytes from the start of a tile to a piece, and to the pair that starts at an even column.
template <int width>
__device__ constexpr std::uint32_t piece_at(std::uint32_t row, std::uint32_t piece) {
  static_assert(width % 64 == 0, "eight pieces to exchange");
  return row * (width * 2) + ((piece ^ (row & 7U)) << 4);
}
template <int width>
__device__ constexpr std::uint32_t pair_at(std::uint32_t row, std::uint32_t column) {
  return piece_at<width>(row, column >> 3) + (column & 7U) * 2;
}

/// The same of a tile in panels of 64 columns: those of all its `rows` rows, 128 bytes a row, then the next panel. Warp
/// groups multiply such, from a multiple of 1024 bytes on.
template <int rows>
__device__ constexpr std::uint32_t panel_pair_at(std::uint32_t row, std::uint32_t column) {
  return (column >> 6) * (rows * 128) + pair_at<64>(row, column & 63U);
}

#ifndef __CUDACC__
struct MatrixRegisters {
  std::uint32_t registers[4];
};
/// Registers from the addresses of all lanes, each in the first.
template <bool transposed, int count>
void load_matrix_slots(host_shim::Slot* slots) {
  const std::uint16_t* rows[8 * count];
  for (int i = 0; i < 8 * count; ++i) {
    const std::uint32_t address = host_shim::from_slot<MatrixRegisters>(slots[i]).registers[0];
    rows[i] = static_cast<const std::uint16_t*>(host_shim::shared_at(address, 16));
  }
  for (int lane = 0; lane < 32; ++lane) {
    MatrixRegisters own{};
    for (int j = 0; j < count; ++j) {
      const std::uint16_t* const* const matrix = rows + 8 * j;
      const int across = 2 * (lane % 4), down = lane / 4;
      const std::uint32_t first = transposed ? matrix[across][down] : matrix[down][across];
      const std::uint32_t second = transposed ? matrix[across + 1][down] : matrix[down][across + 1];
      own.registers[j] = first | second << 16;
    }
    slots[lane] = host_shim::to_slot(own);
  }
}
#endif

/// `count` matrices of 8 x 8 values, of whose rows lane 8 j + i has the address of row i of matrix j. Lane l gets values
/// 2 (l % 4) and the next of row l / 4; transposed: of column l / 4.
template <bool transposed, int count>
__device__ inline void load_matrices(std::uint32_t (&registers)[count], std::uint32_t address) {
  static_assert(count == 2 || count == 4);
#ifdef __CUDACC__
#if __CUDA_ARCH__ >= 750
  if constexpr (count == 4 && !transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
                 : "r"(address)
                 : "memory");
  else if constexpr (count == 4)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
                 : "r"(address)
                 : "memory");
  else if constexpr (!transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(registers[0]), "=r"(registers[1])
                 : "r"(address)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(registers[0]), "=r"(registers[1])
                 : "r"(address)
                 : "memory");
#endif
#else
  const MatrixRegisters found = host_shim::from_slot<MatrixRegisters>(
      host_shim::warp_together(host_shim::to_slot(MatrixRegisters{{address}}), load_matrix_slots<transposed, count>,
                               std::source_location::current()));
  for (int j = 0; j < count; ++j) registers[j] = found.registers[j];
#endif
}

}  // namespace frugal::cuda
