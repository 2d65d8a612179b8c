// How the kernels of wide.hpp lay a tile of points, the weights and the thin part of a network out.
#pragma once
#include <cstdint>

#include "impl/cuda/inr/wide.hpp"
#include "impl/cuda/kernels/warpgroup.hpp"

namespace frugal::cuda {

inline constexpr unsigned wide_threads = 512;          ///< four warp groups
inline constexpr std::uint32_t wide_alignment = 1024;  ///< of what warp groups multiply
inline constexpr unsigned wide_update_threads = 256;

/// Padded width, points of a tile, slabs of weights in shared memory; T in `parts` parts is an operand, F what layers end in. A
/// group of warps has 64 points of 64 or 128 units.
template <int width_, int points_, class T_, int parts_, unsigned stages_, template <class, int> class F>
struct WideShape {
  using T = T_;
  using Function = F<T_, parts_>;
  static constexpr int width = width_, points = points_, parts = parts_;
  static constexpr int row_groups = points / 64, column_groups = 4 / row_groups;
  static constexpr int row_warps = 4 * row_groups;
  static constexpr int columns = width / (8 * column_groups);  ///< 16 x 8 pieces of a warp
  static constexpr std::uint32_t buffer_low = points * width * 2;
  static constexpr std::uint32_t tile_bytes = parts * buffer_low;
  /// Weights stream in slabs of so many rows; while one is multiplied and the next is asked for, the one before may still
  /// be read, unless there are but two.
  static constexpr int slab_rows = width * parts >= 512 ? 16 : 8192 / (width * parts);
  static constexpr int slabs = width / slab_rows;  ///< of a layer
  static constexpr std::uint32_t slab_low = slab_rows * width * 2, slab_bytes = parts * slab_low;
  static constexpr std::uint32_t layer_bytes = slabs * slab_bytes;
  static constexpr unsigned stages = stages_, pending = stages > 2 ? 1 : 0, ahead = stages - 1 - pending;
  static constexpr int slope_words_of_piece = parts == 2 ? 4 : 2;
  static constexpr int slope_words = columns * slope_words_of_piece * static_cast<int>(wide_threads);
  // Byte offsets into shared memory; the thin part, whose size depends on the depth, comes last.
  static constexpr std::uint32_t slabs_at = tile_bytes;
  static constexpr std::uint32_t outputs_at = slabs_at + stages * slab_bytes;  ///< [column_groups][points] float4
  static constexpr std::uint32_t coordinates_at = outputs_at + column_groups * points * 16;
  static constexpr std::uint32_t factors_at = coordinates_at + points * 16;
  static constexpr std::uint32_t errors_at = factors_at + points * 16;
  static constexpr std::uint32_t sums_at = errors_at + points * 16;  ///< [row_warps] float4
  static constexpr std::uint32_t largest_at = sums_at + 128;         ///< [16]
  static constexpr std::uint32_t thin_at = largest_at + 64;

  // The gradient kernel: 128 x 128 pieces, 64 x 64 of a group of warps, stages of 32 points.
  static constexpr int pieces_across = width / 128, pieces = pieces_across * pieces_across;
  static constexpr int gradient_stages = 6, gradient_ahead = gradient_stages - 2;
  static constexpr std::uint32_t gradient_low = 32 * 128 * 2;  ///< one operand of a stage, one part
  static constexpr std::uint32_t gradient_stage_bytes = 2 * parts * gradient_low;
  static constexpr int piece_float4 = 128 * 128 / 4;
};

/// Bytes from the start of a layer to its weight of row `row` and column `column`, an even one, and the next; of the second
/// part slab_low on.
template <class Shape>
__device__ constexpr std::uint32_t wide_weight_at(unsigned row, unsigned column) {
  constexpr unsigned rows = Shape::slab_rows;
  return row / rows * Shape::slab_bytes + panel_pair_at<Shape::slab_rows>(row % rows, column);
}

/// Of a network, in the thin part: W_0 [3][width], biases of layers 0 .. hidden, W_last [3][width], b_last [4].
template <class Shape>
struct WideThin {
  int hidden;
  __device__ int bias(int layer) const { return (3 + layer) * Shape::width; }
  __device__ int last() const { return (4 + hidden) * Shape::width; }
  __device__ int last_bias() const { return (7 + hidden) * Shape::width; }
  __device__ int size() const { return last_bias() + 4; }
  /// Where value i lies in a network's state; -1 for padding.
  __device__ int place(const InrNetwork& net, int i) const {
    const int section = i / Shape::width, c = i % Shape::width;
    if (section == 7 + hidden) return c < net.channels ? net.bias_at(hidden + 1) + c : -1;
    if (c >= net.padded) return -1;
    if (section < 3) return section < net.inputs ? section * net.row + c : -1;
    if (section < 4 + hidden) return net.bias_at(section - 3) + c;
    const int channel = section - 4 - hidden;
    return channel < net.channels ? net.weight_at(hidden + 1) + c * net.last_row + channel : -1;
  }
};

}  // namespace frugal::cuda
