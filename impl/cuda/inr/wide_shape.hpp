// How the kernels of wide.hpp lay a tile of points, the weights and the thin part of a network out.
#pragma once
#include <cstdint>

#include "impl/cuda/inr/wide.hpp"
#include "impl/cuda/kernels/half_product.hpp"

namespace frugal::cuda {

inline constexpr unsigned wide_threads = 512;  ///< four warps a scheduler, to wait for each other's loads and products
inline constexpr unsigned wide_update_threads = 256;

/// Padded width, points of a tile, rows of weights that are streamed at a time; T in `parts` parts is an operand.
template <int width_, int points_, int slab_rows_, class T_, int parts_>
struct WideShape {
  using T = T_;
  static constexpr int width = width_, points = points_, parts = parts_;
  static constexpr int row_warps = points / 32, column_warps = 16 / row_warps;
  static constexpr int rows = 2, columns = width / (8 * column_warps);  ///< 16 x 8 pieces of a warp
  static constexpr std::uint32_t buffer_low = points * width * 2, weights_low = width * width * 2;
  static constexpr std::uint32_t tile_bytes = parts * buffer_low, layer_bytes = parts * weights_low;
  static constexpr int slab_rows = slab_rows_ / parts, stages = 2;
  static constexpr int slabs = width / slab_rows;  ///< of a layer
  static constexpr std::uint32_t slab_low = slab_rows * width * 2, slab_bytes = parts * slab_low;
  static constexpr int slope_words_of_piece = parts == 2 ? 4 : 2;
  static constexpr int slope_words = rows * columns * slope_words_of_piece * static_cast<int>(wide_threads);
  // Byte offsets into shared memory; the thin part, whose size depends on the depth, comes last.
  static constexpr std::uint32_t slabs_at = tile_bytes;
  static constexpr std::uint32_t outputs_at = slabs_at + stages * slab_bytes;  ///< [column_warps][points] float4
  static constexpr std::uint32_t coordinates_at = outputs_at + column_warps * points * 16;
  static constexpr std::uint32_t factors_at = coordinates_at + points * 16;
  static constexpr std::uint32_t errors_at = factors_at + points * 16;
  static constexpr std::uint32_t sums_at = errors_at + points * 16;  ///< [row_warps] float4
  static constexpr std::uint32_t largest_at = sums_at + 64;          ///< [16]
  static constexpr std::uint32_t thin_at = largest_at + 64;

  // The gradient kernel: 128 x 128 pieces, stages of 32 points.
  static constexpr int pieces_across = width / 128, pieces = pieces_across * pieces_across;
  static constexpr int gradient_stages = 4;
  static constexpr std::uint32_t gradient_low = 32 * 128 * 2;  ///< one operand of a stage, one part
  static constexpr std::uint32_t gradient_stage_bytes = 2 * parts * gradient_low;
  static constexpr int piece_float4 = 128 * 128 / 4;
};

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
