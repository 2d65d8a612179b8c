// Products of a group of four warps on tensor cores, operands straight from shared memory (wgmma, sm_90a), in two forms:
//
//   start_step     C(i, j) += sum over k of A(i, k) B(j, k)      i < 64, j < 64 or 128, k over 32 words
//   add_product    C(i, j) += sum over k of A(i, k) B(k, j)      the same i and j, 16 values of k
//
// Rows in shared memory are 128 bytes, 16-byte piece p of row r at p ^ r % 8, and start at a multiple of 1024 bytes (PTX's
// 128-byte swizzle): of start_step's A and B the rows i and j; of add_product's A the rows i, turned the rows k, and of
// its B the rows k, in panels of 64 columns (half_operands.hpp). Of row 16 * warp + r of the group's 64, the lanes of that warp
// have what mma.m16n8 gives them: c[n] of columns 8 n .. 8 n + 7.
//
// Elsewhere, in the shim too, each warp multiplies its 16 rows by mma, with the same sums in the same lanes.
#pragma once
#include <cstdint>
#include <type_traits>

#include "impl/cuda/device/cooperation.hpp"
#include "impl/cuda/kernels/half_product.hpp"
#include "impl/cuda/kernels/operand.hpp"
#include "impl/cuda/kernels/tensor_core.hpp"

namespace frugal::cuda::warpgroup {

#if defined(__CUDACC__) && defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Of rows from `address` on: groups of eight are 1024 bytes apart, panels, where there are any, `panel` bytes.
__device__ inline std::uint64_t describe(std::uint32_t address, std::uint32_t panel = 16) {
  return std::uint64_t{(address & 0x3ffffU) >> 4} | std::uint64_t{panel >> 4} << 16 | std::uint64_t{1024 >> 4} << 32 |
         std::uint64_t{1} << 62;
}

// clang-format off
#define FRUGAL_SUMS_OF_TILE(c, n) "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])
#define FRUGAL_SUMS_OF_8(c, n)                                                                             \
  FRUGAL_SUMS_OF_TILE(c, n), FRUGAL_SUMS_OF_TILE(c, n + 1), FRUGAL_SUMS_OF_TILE(c, n + 2),                 \
  FRUGAL_SUMS_OF_TILE(c, n + 3), FRUGAL_SUMS_OF_TILE(c, n + 4), FRUGAL_SUMS_OF_TILE(c, n + 5),             \
  FRUGAL_SUMS_OF_TILE(c, n + 6), FRUGAL_SUMS_OF_TILE(c, n + 7)
#define FRUGAL_ADD "{.reg .pred add; setp.ne.b32 add, 1, 0; "
#define FRUGAL_REGISTERS_32                                                                                \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"                                                 \
  "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define FRUGAL_REGISTERS_64                                                                                \
  FRUGAL_REGISTERS_32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"                  \
  "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"

template <Precision precision>
__device__ __forceinline__ void multiply_32_bytes(float (&c)[8][4], std::uint64_t a, std::uint64_t b) {
  if constexpr (precision == Precision::bf16)
    asm volatile(FRUGAL_ADD "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" FRUGAL_REGISTERS_32 "}, %32, %33, add, 1, 1, 0, 0;}"
                 : FRUGAL_SUMS_OF_8(c, 0) : "l"(a), "l"(b));
  else
    asm volatile(FRUGAL_ADD "wgmma.mma_async.sync.aligned.m64n64k8.f32.tf32.tf32 {" FRUGAL_REGISTERS_32 "}, %32, %33, add, 1, 1;}"
                 : FRUGAL_SUMS_OF_8(c, 0) : "l"(a), "l"(b));
}

template <Precision precision>
__device__ __forceinline__ void multiply_32_bytes(float (&c)[16][4], std::uint64_t a, std::uint64_t b) {
  if constexpr (precision == Precision::bf16)
    asm volatile(FRUGAL_ADD "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" FRUGAL_REGISTERS_64 "}, %64, %65, add, 1, 1, 0, 0;}"
                 : FRUGAL_SUMS_OF_8(c, 0), FRUGAL_SUMS_OF_8(c, 8) : "l"(a), "l"(b));
  else
    asm volatile(FRUGAL_ADD "wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32 {" FRUGAL_REGISTERS_64 "}, %64, %65, add, 1, 1;}"
                 : FRUGAL_SUMS_OF_8(c, 0), FRUGAL_SUMS_OF_8(c, 8) : "l"(a), "l"(b));
}

// What follows the sums: descriptors, whether A's rows are the depth.
#define FRUGAL_HALF(type, columns, registers, first, second, turned)                                       \
  FRUGAL_ADD "wgmma.mma_async.sync.aligned.m64n" columns "k16.f32." type "." type " {" registers "}, "     \
             first ", " second ", add, 1, 1, " turned ", 1;}"

template <class T, bool turned>
__device__ __forceinline__ void multiply_16(float (&c)[8][4], std::uint64_t a, std::uint64_t b) {
  if constexpr (std::is_same_v<T, Bf16>)
    asm volatile(FRUGAL_HALF("bf16", "64", FRUGAL_REGISTERS_32, "%32", "%33", "%34")
                 : FRUGAL_SUMS_OF_8(c, 0) : "l"(a), "l"(b), "n"(turned ? 1 : 0));
  else
    asm volatile(FRUGAL_HALF("f16", "64", FRUGAL_REGISTERS_32, "%32", "%33", "%34")
                 : FRUGAL_SUMS_OF_8(c, 0) : "l"(a), "l"(b), "n"(turned ? 1 : 0));
}

template <class T, bool turned>
__device__ __forceinline__ void multiply_16(float (&c)[16][4], std::uint64_t a, std::uint64_t b) {
  if constexpr (std::is_same_v<T, Bf16>)
    asm volatile(FRUGAL_HALF("bf16", "128", FRUGAL_REGISTERS_64, "%64", "%65", "%66")
                 : FRUGAL_SUMS_OF_8(c, 0), FRUGAL_SUMS_OF_8(c, 8) : "l"(a), "l"(b), "n"(turned ? 1 : 0));
  else
    asm volatile(FRUGAL_HALF("f16", "128", FRUGAL_REGISTERS_64, "%64", "%65", "%66")
                 : FRUGAL_SUMS_OF_8(c, 0), FRUGAL_SUMS_OF_8(c, 8) : "l"(a), "l"(b), "n"(turned ? 1 : 0));
}
#undef FRUGAL_HALF
#undef FRUGAL_REGISTERS_64
#undef FRUGAL_REGISTERS_32
#undef FRUGAL_ADD
#undef FRUGAL_SUMS_OF_8
#undef FRUGAL_SUMS_OF_TILE
// clang-format on

/// Before the first add_product() of a step, after whatever else touched the sums.
__device__ inline void begin_step() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

/// `left`: the group's rows from the 32 bytes of the 16 values of k on; turned (TileRows::depth), rows k of a panel that is
/// the group's. `right`: rows k, panels `panel` bytes apart.
template <class T, TileRows left_rows, unsigned tiles>
__device__ __forceinline__ void add_product(float (&c)[tiles][4], std::uint32_t left, std::uint32_t right,
                                            std::uint32_t panel) {
  multiply_16<T, left_rows == TileRows::depth>(c, describe(left), describe(right, panel));
}

__device__ inline void end_step() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

/// Starts the products of one step. left: of the group's rows.
template <Precision precision, unsigned tiles>
__device__ __forceinline__ void start_step(float (&c)[tiles][4], std::uint32_t left, std::uint32_t right) {
  begin_step();
#pragma unroll
  for (unsigned at = 0; at < operand_tile_words * 4; at += 32)
    multiply_32_bytes<precision>(c, describe(left + at), describe(right + at));
  end_step();
}

/// Waits for all steps but the last `pending`.
template <int pending>
__device__ inline void wait_for_steps() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

#else

__device__ inline void begin_step() {}

template <class T, TileRows left_rows, unsigned tiles>
__device__ __forceinline__ void add_product(float (&c)[tiles][4], std::uint32_t left, std::uint32_t right,
                                            std::uint32_t panel) {
  const MatrixLane lane;
  const auto swizzled = [](std::uint32_t at) { return at ^ (at >> 3 & 0x70U); };
  const std::uint32_t rows = threadIdx.x / 32 % 4 * 16;
  std::uint32_t a[4];
  if constexpr (left_rows == TileRows::depth)
    load_matrices<true>(a, swizzled(left + lane.row_by_bit_4() * 128 + rows * 2 + (lane.id >> 3 & 1U) * 16));
  else
    load_matrices<false>(a, swizzled(left + (rows + lane.row_by_bit_3()) * 128 + (lane.id >> 4) * 16));
#pragma unroll
  for (unsigned n = 0; n < tiles; n += 2) {
    std::uint32_t b[4];
    load_matrices<true>(b,
                        swizzled(right + n / 8 * panel + lane.row_by_bit_3() * 128 + n % 8 * 16 + (lane.id >> 4) * 16));
#pragma unroll
    for (unsigned h = 0; h < 2; ++h) {
      const std::uint32_t pair[2] = {b[2 * h], b[2 * h + 1]};
      T::multiply(c[n + h], a, pair);
    }
  }
}

__device__ inline void end_step() {}

template <Precision precision, unsigned tiles>
__device__ void start_step(float (&c)[tiles][4], std::uint32_t left, std::uint32_t right) {
  constexpr std::uint32_t row_bytes = operand_tile_words * 4;
  const unsigned lane = threadIdx.x % 32;
  const unsigned matrix = lane / 8;
  const std::uint32_t left_row = left + (threadIdx.x / 32 % 4 * 16 + matrix % 2 * 8 + lane % 8) * row_bytes;
  const std::uint32_t right_row = right + (matrix / 2 * 8 + lane % 8) * row_bytes;
#pragma unroll
  for (unsigned piece = 0; piece < operand_tile_words / 4; piece += 2) {
    std::uint32_t a[4];
    load_matrices<false>(a, left_row + ((piece + matrix / 2) ^ lane % 8) * 16);
#pragma unroll
    for (unsigned n = 0; n < tiles; n += 2) {
      std::uint32_t both[4];
      load_matrices<false>(both, right_row + n * 8 * row_bytes + ((piece + matrix % 2) ^ lane % 8) * 16);
#pragma unroll
      for (unsigned h = 0; h < 2; ++h) {
        const std::uint32_t b[2] = {both[2 * h], both[2 * h + 1]};
        if constexpr (precision == Precision::bf16)
          tensor_core::multiply_bf16(c[n + h], a, b);
        else
          tensor_core::multiply_tf32(c[n + h], a, b);
      }
    }
  }
}

template <int pending>
__device__ inline void wait_for_steps() {}

#endif

}  // namespace frugal::cuda::warpgroup
