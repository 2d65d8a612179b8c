// The training step of inr_fused.hpp with bf16 operands, whose products are added in fp32 by one of two units: AVX-512
// BF16, two products an instruction and lane, of neighbours along the depth of the sum (bf16_lanes.hpp), or AMX, 32
// products an instruction for each of 16 by 16 sums (bf16_tiles.hpp).
//
// Rounded to bf16 are the operands of the hidden layers' products: inputs h, weights W, gradients d = dL/dz of the
// outputs. All else stays fp32: sums, slopes, the first layer and its gradient, the last layer, biases, parameters and
// Adam's moments. A pair is a dword, its first value in the low half; what it pairs is another index in each product:
//
//   product                  depth     left                              right
//   z = h W                  inputs    h by rows [points, inputs]        W in pairs of inputs [inputs / 2, outputs]
//   dL/dh = d W^T            outputs   d by rows [points, outputs]       W in pairs of outputs [outputs / 2, inputs]
//   dL/dW = h^T d            points    h in pairs [points / 2, inputs]   d in pairs of points [points / 2, outputs]
//
// Whoever makes h, d or a new W has two rows of it in registers, rounds once, and writes both layouts. Right operands
// lie in panels of columns, as the weights of inr_fused.hpp. AMX takes left operands by rows only: there h^T is turned
// first, a layer at a time.
// Determinism: serial, in a fixed order. Error of a sum: that of fp32 on the rounded operands, denormals taken as 0.
#pragma once
#include <cstdint>

#include "impl/cpu/kernels/inr_fused.hpp"

namespace frugal::cpu {

/// Pairs of a sum over n, up to a multiple of so many terms: the unit's.
constexpr long inr_bf16_depth(long n, long multiple) { return (n + multiple - 1) / multiple * multiple / 2; }

/// Memory of one thread, zero at first. rows: 2 inr_bf16_depth(points of a tile at most); depth: inr_bf16_depth(padded).
/// padded and stride as in InrColumns.
struct InrBf16Scratch {
  std::uint32_t* const* input_rows;   ///< of the layer's input, hidden layers from 0: [rows, depth]
  std::uint32_t* const* input_pairs;  ///< [rows / 2, stride]
  float* const* slope;                ///< of each layer but the last: [rows, stride]
  float* h;                           ///< input of the last layer: [rows, stride]
  float* delta;                       ///< a part of dL/dh of the last hidden layer: [rows, stride]
  std::uint32_t* delta_rows[2];       ///< dL/dz of a hidden layer and of the one below: [rows, depth]
  std::uint32_t* delta_pairs[2];      ///< panels of [rows / 2, columns]: of `padded` in all
  float* x;                           ///< [rows, inputs]
  float* y;                           ///< [rows, channels]
  std::uint32_t* by_inputs;           ///< hidden weights in pairs of inputs: [hidden_layers, padded, depth]
  std::uint32_t* by_outputs;          ///< the same in pairs of outputs
  std::uint32_t* turned;              ///< input_pairs of a layer, transposed: [padded, rows / 2]
};

/// As InrFusedKernels; the network has a hidden layer, and parameters in panels of as many columns as avx512's.
struct InrBf16Kernels {
  const char* name;     ///< as in a record's implementation
  long depth_multiple;  ///< of the terms of a sum

  /// Prepares the weights of the scratch for train_tile, whose update does the same for those it leaves.
  void (*pack_weights)(const InrFusedNetwork& network, const float* parameters, const InrBf16Scratch& scratch);

  /// Of any parameters: packs them first. What pack_weights has prepared is lost.
  void (*forward)(const InrFusedNetwork& network, const float* parameters, const float* x, long points,
                  const InrBf16Scratch& scratch, float* y);

  double (*train_tile)(const InrFusedNetwork& network, float* parameters, const float* x, const float* target,
                       long points, float scale, bool fresh, const InrBf16Scratch& scratch, float* gradient,
                       const InrUpdate* update);
};

namespace avx512_bf16 {
extern const InrBf16Kernels inr_bf16_kernels;
}
namespace amx_bf16 {
extern const InrBf16Kernels inr_bf16_kernels;
}

/// Requires has_bf16().
inline const InrBf16Kernels& inr_bf16_kernels() {
  return choose_bf16(avx512_bf16::inr_bf16_kernels, amx_bf16::inr_bf16_kernels);
}

}  // namespace frugal::cpu
