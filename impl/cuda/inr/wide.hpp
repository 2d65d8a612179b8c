// Training of networks of up to 512 units on tensor cores, by groups of four warps (warpgroup.hpp), three launches a step
// replayed from a graph:
//
//   wide_points    a block takes a tile of points through all layers and back. Weights stream through shared memory;
//                  activations and deltas go to device memory as operands, in the order of shared memory.
//   wide_weights   gradients of the weights, 128 x 128 pieces, the tiles in `cuts` parts, in registers; the loss.
//   wide_update    adds the parts in order, takes the step, and writes the weights as operands, plain and transposed.
//
// Operands and scales are those of narrow.hpp; sizes of the grids depend on the shape alone.
#pragma once
#include <optional>
#include <span>

#include "impl/cuda/inr/train.hpp"

namespace frugal::cuda {

/// Device memory of the networks of one group, beside the training's.
struct WideScratch {
  unsigned char* weights = nullptr;      ///< [networks, hidden, parts, width, width] operands, of all networks
  unsigned char* transposed = nullptr;   ///< the same, of a network's layers the last one first
  unsigned char* activations = nullptr;  ///< [group, hidden, tiles, parts, points, width], of layers 0 .. hidden - 1
  unsigned char* deltas = nullptr;       ///< the same, of layers 1 .. hidden
  float* delta_scales = nullptr;         ///< [group, hidden, tiles]
  unsigned* slopes = nullptr;            ///< [group, hidden, tiles, slope_words], in the order of threads
  float* gradients = nullptr;            ///< [group, cuts, hidden, width, width], in the order of threads
  float* thin_gradients = nullptr;       ///< [group, tiles, thin]
  double* squares = nullptr;             ///< [group, tiles]
  int* done = nullptr;                   ///< [networks] steps of this call
  int* active = nullptr;                 ///< [networks] whether the step is to be taken
  int hidden = 0;
  int tiles = 0;
  int cuts = 0;
  int first = 0;  ///< network of the group
};

using WidePoints = void (*)(InrTraining, WideScratch);
using WideWeights = void (*)(InrTraining, WideScratch, double*);
using WideUpdate = void (*)(InrTraining, WideScratch, const UpdateStep*);

/// The kernels of one padded width.
struct WideKernels {
  int width, points;          ///< points of a tile
  int parts;                  ///< of an operand
  std::size_t points_bytes;   ///< shared memory, but for the thin part
  std::size_t weights_bytes;  ///< shared memory
  std::size_t slope_words;    ///< of a tile and layer
  WidePoints run_points;
  WideWeights run_weights;
  WideUpdate update;
  WidePoints start;  ///< the operands of the first step
};
/// Of a precision, by width, for networks of sines.
std::span<const WideKernels> wide_kernels_fp32();
std::span<const WideKernels> wide_kernels_tf32();
std::span<const WideKernels> wide_kernels_bf16();
/// For any other activation.
std::span<const WideKernels> wide_kernels_any_fp32();
std::span<const WideKernels> wide_kernels_any_tf32();
std::span<const WideKernels> wide_kernels_any_bf16();

struct WidePlan {
  const WideKernels* kernels = nullptr;
  int hidden = 0;
  int networks = 0;
  int group = 1;  ///< networks that take a step together
  int tiles = 0;
  int cuts = 0;

  int thin() const { return (7 + hidden) * kernels->width + 4; }
  std::size_t operand_bytes() const {
    return static_cast<std::size_t>(kernels->parts) * 2 * static_cast<std::size_t>(kernels->width) *
           static_cast<std::size_t>(kernels->width);
  }
  std::size_t tile_bytes() const {
    return static_cast<std::size_t>(kernels->parts) * 2 * static_cast<std::size_t>(kernels->width) *
           static_cast<std::size_t>(kernels->points);
  }
};

/// None where these kernels cannot take the spec, or not on this device.
std::optional<WidePlan> wide_plan(const InrSpec& spec, const DeviceLimits& limits);

/// Takes `steps` steps; the arrays are as inr_train()'s.
void wide_train(const InrTraining& training, const WidePlan& plan, const WideScratch& scratch,
                const UpdateStep* updates, int steps, double* squares, const Stream& stream);

}  // namespace frugal::cuda
