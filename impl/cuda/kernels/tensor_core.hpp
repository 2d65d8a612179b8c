// Products of a warp on tensor cores, 16 x 8 values at a time: tf32, bf16 or fp16 operands, fp32 sums.
//
// What a lane holds is PTX's fragment layout (mma.m16n8k8 tf32, mma.m16n8k16 bf16 and fp16). Without a tensor core (the
// shim) the same registers are exchanged and multiplied as the instruction does: operands rounded alike, products
// exact, sums in fp32 in the order of k. A tensor core adds in an order and with an alignment of its own: results agree
// within eps(fp32) * k * the largest product.
#pragma once
#include <bit>
#include <cstdint>

#include "impl/common/bf16.hpp"
#include "impl/common/fp16.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/device/kernel_language.hpp"
#include "impl/cuda/kernels/rounding.hpp"

namespace frugal::cuda {

/// The k-depth of one instruction.
template <Precision precision>
constexpr int tensor_core_depth = precision == Precision::bf16 ? 16 : 8;

namespace tensor_core {

#if defined(__CUDACC__)
inline __device__ void multiply_tf32(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#if __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();  // supports() refuses these devices
#endif
}
inline __device__ void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#if __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();
#endif
}
inline __device__ void multiply_fp16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#if __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();
#endif
}
#else
struct Fragments {
  std::uint32_t a[4];
  std::uint32_t b[2];
  float c[4];
};

/// c += A B for all lanes at once; each register holds `parts` values, of(register, v) along the depth. The products
/// are exact in fp32.
template <int parts, float (*of)(std::uint32_t, int)>
void multiply_slots(host_shim::Slot* slots) {
  constexpr int depth = 8 * parts;
  typedef float Row __attribute__((vector_size(32), aligned(16)));  // for tests that make millions of these
  float left[16][depth];
  Row right[depth];
  Row sums[16];
  for (int lane = 0; lane < 32; ++lane) {
    const auto own = host_shim::from_slot<Fragments>(slots[lane]);
    for (int half = 0; half < 2; ++half)
      for (int v = 0; v < parts; ++v) {
        const int k = 4 * parts * half + parts * (lane % 4) + v;
        left[lane / 4][k] = of(own.a[2 * half], v);
        left[lane / 4 + 8][k] = of(own.a[2 * half + 1], v);
        right[k][lane / 4] = of(own.b[half], v);
      }
    for (int v = 0; v < 4; ++v) sums[lane / 4 + 8 * (v / 2)][2 * (lane % 4) + v % 2] = own.c[v];
  }
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < depth; ++k) sums[row] += left[row][k] * right[k];
  for (int lane = 0; lane < 32; ++lane) {
    auto own = host_shim::from_slot<Fragments>(slots[lane]);
    for (int v = 0; v < 4; ++v) own.c[v] = sums[lane / 4 + 8 * (v / 2)][2 * (lane % 4) + v % 2];
    slots[lane] = host_shim::to_slot(own);
  }
}

template <int parts, float (*of)(std::uint32_t, int)>
void multiply_together(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  const Fragments own{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {c[0], c[1], c[2], c[3]}};
  const auto found = host_shim::from_slot<Fragments>(
      host_shim::warp_together(host_shim::to_slot(own), multiply_slots<parts, of>, std::source_location::current()));
  for (int v = 0; v < 4; ++v) c[v] = found.c[v];
}
inline float of_tf32(std::uint32_t bits, int) { return std::bit_cast<float>(bits); }
inline float of_bf16(std::uint32_t bits, int v) {
  return from_bf16(static_cast<std::uint16_t>(v == 0 ? bits : bits >> 16));
}
inline float of_fp16(std::uint32_t bits, int v) {
  return from_fp16(static_cast<std::uint16_t>(v == 0 ? bits : bits >> 16));
}
inline void multiply_tf32(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  multiply_together<1, of_tf32>(c, a, b);
}
inline void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  multiply_together<2, of_bf16>(c, a, b);
}
inline void multiply_fp16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  multiply_together<2, of_fp16>(c, a, b);
}
#endif

}  // namespace tensor_core

/// Where a lane's four sums lie in a 16 x 8 product: rows row() and row() + 8, columns column() and column() + 1, in
/// the order (row, column), (row, column + 1), (row + 8, column), (row + 8, column + 1).
struct WarpLane {
  int lane;
  __device__ explicit WarpLane(unsigned thread) : lane(static_cast<int>(thread % 32)) {}
  __device__ int row() const { return lane / 4; }
  __device__ int column() const { return 2 * (lane % 4); }
};

/// c[n] += A [16, depth] B_n [depth, 8] for the first `tiles` of N neighbouring column tiles, by all lanes of a warp.
/// left(r, k) and right(k, column) read the operands, r < 16 and column < 8 * tiles; depth is a multiple of
/// tensor_core_depth.
template <Precision precision, int N, class Left, class Right>
__device__ void warp_product(float (&c)[N][4], int tiles, int depth, const Left& left, const Right& right) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  const int g = lane / 4;
  const int t = lane % 4;
  for (int k = 0; k < depth; k += tensor_core_depth<precision>) {
    std::uint32_t a[4];
    if constexpr (precision == Precision::tf32) {
      a[0] = std::bit_cast<std::uint32_t>(to_tf32(left(g, k + t)));
      a[1] = std::bit_cast<std::uint32_t>(to_tf32(left(g + 8, k + t)));
      a[2] = std::bit_cast<std::uint32_t>(to_tf32(left(g, k + t + 4)));
      a[3] = std::bit_cast<std::uint32_t>(to_tf32(left(g + 8, k + t + 4)));
    } else {
      const int at = k + 2 * t;
      a[0] = tensor_core::pack_bf16(left(g, at), left(g, at + 1));
      a[1] = tensor_core::pack_bf16(left(g + 8, at), left(g + 8, at + 1));
      a[2] = tensor_core::pack_bf16(left(g, at + 8), left(g, at + 9));
      a[3] = tensor_core::pack_bf16(left(g + 8, at + 8), left(g + 8, at + 9));
    }
#pragma unroll
    for (int n = 0; n < N; ++n) {
      if (n >= tiles) break;
      const int column = 8 * n + g;
      std::uint32_t b[2];
      if constexpr (precision == Precision::tf32) {
        b[0] = std::bit_cast<std::uint32_t>(to_tf32(right(k + t, column)));
        b[1] = std::bit_cast<std::uint32_t>(to_tf32(right(k + t + 4, column)));
        tensor_core::multiply_tf32(c[n], a, b);
      } else {
        const int at = k + 2 * t;
        b[0] = tensor_core::pack_bf16(right(at, column), right(at + 1, column));
        b[1] = tensor_core::pack_bf16(right(at + 8, column), right(at + 9, column));
        tensor_core::multiply_bf16(c[n], a, b);
      }
    }
  }
}

}  // namespace frugal::cuda
