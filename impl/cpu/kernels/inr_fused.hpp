// The training step of one coordinate network on one tile of points, whole: register-blocked products, activations
// while their rows are in L1, Adam on a block of a weight gradient as soon as it is complete.
//
// Layout of the parameters of a network, and of its gradient and moments:
//   layer 0         weight [inputs, padded], bias [padded]
//   hidden layers   weight in panels of columns (outputs), each [padded rows (inputs), columns of the panel], one after
//                   another: a product streams a panel from end to end; bias [padded]
//   last layer      weight [channels, padded], bias [channels]
// padded = width up to a multiple of 16; what is between holds 0 and stays 0.
#pragma once
#include "impl/cpu/kernels/inr_kernels.hpp"

namespace frugal::cpu {

/// Where input i, output o of a hidden weight lies, from the start of the weight. `padded` is the padded width; all
/// panels but the last have `most` columns.
constexpr long inr_panel_index(long i, long o, long padded, long most) {
  const long panel = o / most * most;
  const long columns = padded - panel < most ? padded - panel : most;
  return panel * padded + i * columns + (o - panel);
}

struct InrFusedNetwork {
  InrFunction first, hidden;
  InrColumns columns;  ///< of activations
  long inputs;
  long channels;
  long hidden_layers;
  const long* weight;  ///< offset of each layer, from the start of the parameters
  const long* bias;
  bool few_points;  ///< all points make one tile, and twice as many (up to a multiple of 16) are at most `padded`
};

/// Memory of one thread, zero at first, for tiles of `rows` points (a multiple of 16) at most.
struct InrFusedScratch {
  float* const* h;      ///< of each layer but the last: [rows, stride]
  float* const* slope;  ///< the same
  float* delta;         ///< [rows, stride]
  float* below;         ///< [rows, stride]
  float* y;             ///< [rows, channels]
  float* transposed;    ///< [hidden_layers, padded^2]: hidden weights with inputs and outputs swapped; with few_points
                        ///< a tile's gradients, which are turned instead
};

struct InrFusedKernels {
  /// Of a panel: those of a product whose sums stay in registers. Narrow enough for L1 to keep a panel meanwhile.
  long panel_columns;

  /// Prepares scratch.transposed for the tiles of a step; the update of the step makes it stale.
  void (*transpose_weights)(const InrFusedNetwork& network, const float* parameters, const InrFusedScratch& scratch);

  /// y [rows, channels] at x [rows, inputs].
  void (*forward)(const InrFusedNetwork& network, const float* parameters, const float* x, long rows,
                  const InrFusedScratch& scratch, float* y);

  /// Gradient of a tile: written to `gradient` when `fresh`, else added. scale: dL/dy over y - target. With `update`
  /// the gradient is complete with this tile, and the parameters take their step; what it held is used up.
  /// Returns the sum of square errors. target [rows, channels].
  double (*train_tile)(const InrFusedNetwork& network, float* parameters, const float* x, const float* target,
                       long rows, float scale, bool fresh, const InrFusedScratch& scratch, float* gradient,
                       const InrUpdate* update);
};

namespace avx2 {
extern const InrFusedKernels inr_fused_kernels;
}
namespace avx512 {
extern const InrFusedKernels inr_fused_kernels;
}

inline const InrFusedKernels& inr_fused_kernels() { return choose(avx2::inr_fused_kernels, avx512::inr_fused_kernels); }

}  // namespace frugal::cpu
