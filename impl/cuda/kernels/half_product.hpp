// Products of a warp with both operands in shared memory as half_operands.hpp lays them out.
#pragma once
#include "impl/cuda/kernels/half_operands.hpp"

namespace frugal::cuda {

/// What a lane adds to the addresses that it gives to load_matrices(): rows start at multiples of 8. Of the four
/// matrices of an operand, either the first two or the even and the odd ones differ in their rows; the others differ in
/// their pieces.
struct MatrixLane {
  unsigned id, group, pair;  ///< of 32, of 8 groups of 4, within the group

  __device__ MatrixLane() : id(threadIdx.x % 32), group(id / 4), pair(id % 4) {}

  __device__ unsigned row_by_bit_3() const { return (id & 7U) + (id >> 3 & 1U) * 8; }
  __device__ unsigned piece_by_bit_4() const { return (id >> 4 ^ (id & 7U)) << 4; }
  __device__ unsigned row_by_bit_4() const { return (id & 7U) + (id >> 4) * 8; }
  __device__ unsigned piece_by_bit_3() const { return ((id >> 3 & 1U) ^ (id & 7U)) << 4; }
};

/// An operand's tile: where it starts, how far its low parts follow, its first row or column of the product, and its
/// first step of 16 along the depth.
struct TileOperand {
  std::uint32_t at;
  std::uint32_t low;
  unsigned first;
  unsigned step = 0;
};

/// Which of its two dimensions an operand's rows are.
enum class TileRows { outer, depth };

/// sums += left right over `steps` steps of 16: 16 x 8 pieces, M down and N across. `at_once` pieces of N are loaded
/// before they are multiplied.
template <class T, int parts, TileRows left_rows, TileRows right_rows, int left_width, int right_width, int steps,
          int M, int N, int at_once = N>
__device__ __forceinline__ void multiply_tiles(float (&sums)[M][N][4], const TileOperand& left,
                                               const TileOperand& right, const MatrixLane& lane) {
  static_assert(N % at_once == 0 && at_once % 2 == 0);
  // A sum waits for its last product some thirty cycles: a warp with few pieces keeps several sums of each.
  constexpr int chains = M * N >= 4 ? 1 : parts == 2 ? 3 : 2;
  float others[chains > 1 ? chains - 1 : 1][M][N][4] = {};
  constexpr bool left_turned = left_rows == TileRows::depth;
  constexpr bool right_turned = right_rows == TileRows::depth;
  constexpr unsigned left_row = left_width * 2, right_row = right_width * 2;
  const std::uint32_t left_at = left_turned ? left.at + (left.step * 16 + lane.row_by_bit_4()) * left_row
                                            : left.at + (left.first + lane.row_by_bit_3()) * left_row;
  const unsigned left_piece = left_turned ? lane.piece_by_bit_3() ^ (left.first << 1) : lane.piece_by_bit_4();
  const std::uint32_t right_at = right_turned ? right.at + (right.step * 16 + lane.row_by_bit_3()) * right_row
                                              : right.at + (right.first + lane.row_by_bit_4()) * right_row;
  const unsigned right_piece = right_turned ? lane.piece_by_bit_4() ^ (right.first << 1) : lane.piece_by_bit_3();
#pragma unroll
  for (unsigned k = 0; k < steps; ++k) {
    std::uint32_t a[parts][M][4];
#pragma unroll
    for (unsigned m = 0; m < M; ++m) {
      const std::uint32_t at = left_turned ? left_at + k * 16 * left_row + (left_piece ^ (m << 5))
                                           : left_at + m * 16 * left_row + (left_piece ^ ((left.step + k) << 5));
#pragma unroll
      for (unsigned part = 0; part < parts; ++part) load_matrices<left_turned>(a[part][m], at + part * left.low);
    }
#pragma unroll
    for (unsigned first = 0; first < N; first += at_once) {
      std::uint32_t b[parts][at_once / 2][4];
#pragma unroll
      for (unsigned n = 0; n < at_once / 2; ++n) {
        const unsigned piece = first / 2 + n;
        const std::uint32_t at = right_turned
                                     ? right_at + k * 16 * right_row + (right_piece ^ (piece << 5))
                                     : right_at + piece * 16 * right_row + (right_piece ^ ((right.step + k) << 5));
#pragma unroll
        for (unsigned part = 0; part < parts; ++part) load_matrices<right_turned>(b[part][n], at + part * right.low);
      }
#pragma unroll
      for (unsigned product = 0; product < 2 * parts - 1; ++product)
#pragma unroll
        for (unsigned m = 0; m < M; ++m)
#pragma unroll
          for (unsigned n = 0; n < at_once; ++n) {
            const auto& of_right = b[product == 1 ? 1 : 0][n / 2];
            const std::uint32_t pair[2] = {of_right[2 * (n % 2)], of_right[2 * (n % 2) + 1]};
            const unsigned chain = chains == 1 ? 0 : parts == 2 ? product : k % 2;
            float(&sum)[4] = chain == 0 ? sums[m][first + n] : others[chain == 0 ? 0 : chain - 1][m][first + n];
            T::multiply(sum, a[product == 2 ? 1 : 0][m], pair);
          }
    }
  }
  if constexpr (chains > 1) {
#pragma unroll
    for (int m = 0; m < M; ++m)
#pragma unroll
      for (int n = 0; n < N; ++n)
#pragma unroll
        for (int e = 0; e < 4; ++e)
          sums[m][n][e] += chains == 3 ? others[0][m][n][e] + others[chains - 2][m][n][e] : others[0][m][n][e];
  }
}

template <int N>
__device__ __forceinline__ void clear(float (&sums)[N][4]) {
#pragma unroll
  for (int n = 0; n < N; ++n)
#pragma unroll
    for (int e = 0; e < 4; ++e) sums[n][e] = 0;
}
template <int M, int N>
__device__ __forceinline__ void clear(float (&sums)[M][N][4]) {
#pragma unroll
  for (int m = 0; m < M; ++m) clear(sums[m]);
}

}  // namespace frugal::cuda
