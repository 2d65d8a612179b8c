// Training of networks of up to 128 units on tensor cores, the whole network in shared memory for all steps of a call.
// narrow_block.hpp says what a block does with a tile of points. The kernels, each in a header of its name:
//
//   resident   one block a network, one tile: weights and both moments stay in registers and shared memory.
//   paired     two blocks share a network's tiles and meet in each other's shared memory, from sm_90 on.
//   gathered   `blocks` blocks share a network's tiles. Their gradients meet in device memory, each block adds up and
//              updates a slice of the parameters, and all copy the new weights, ready-made operands, from there.
//
// fp32 is asked of operands in two parts of fp16 each (half_operands.hpp), tf32 of one part, whose 11 bits of significand
// are tf32's; bf16 is bf16. How many blocks share a network depends on the shape alone: the same bits on
// all devices of a compute capability that take the shape (a multiprocessor a block of a network).
#pragma once
#include <optional>
#include <span>

#include "impl/cuda/inr/train.hpp"

namespace frugal::cuda {

/// Device memory of the blocks that are alive; of the paired kernel only `state`, of the resident one nothing.
struct NarrowScratch {
  float4* gradients = nullptr;        ///< [slots, blocks, state_float4]
  unsigned char* operands = nullptr;  ///< [slots, operand_bytes]
  float4* state = nullptr;    ///< [slots, blocks, 3, slice]: what of parameters and moments is not in shared memory
  double* squares = nullptr;  ///< [slots, blocks]
  unsigned* flags = nullptr;  ///< [slots, narrow_flags, narrow_flag_stride], 0 at the start of a launch
  int blocks = 1;             ///< of a network
  int shared_state = 0;       ///< how many of the three are in shared memory
};
inline constexpr int narrow_flags = 2;         ///< of a network: of gradients, of operands
inline constexpr int narrow_flag_stride = 32;  ///< 128 bytes: flags do not share a line

using NarrowFunction = void (*)(InrTraining, NarrowScratch, const UpdateStep*, int, double*);

/// Where the blocks of a network exchange gradients.
enum class NarrowMeeting {
  none,        ///< resident: there is one
  in_cluster,  ///< paired
  in_memory    ///< gathered
};

/// A kernel and what it takes.
struct NarrowKernel {
  int width, hidden, points;  ///< padded width, hidden layers, points of a tile
  int threads;                ///< of a block
  NarrowMeeting meeting;
  std::size_t shared_bytes;   ///< without state
  std::size_t operand_bytes;  ///< of a network
  int hidden_float4;          ///< of a network's hidden weights
  int state_float4;           ///< of a network
  NarrowFunction function;
};
/// Of a precision, for networks of sines; no order.
std::span<const NarrowKernel> narrow_kernels_fp32();
std::span<const NarrowKernel> narrow_kernels_tf32();
std::span<const NarrowKernel> narrow_kernels_bf16();
/// For any other activation.
std::span<const NarrowKernel> narrow_kernels_any_fp32();
std::span<const NarrowKernel> narrow_kernels_any_tf32();
std::span<const NarrowKernel> narrow_kernels_any_bf16();

struct NarrowPlan {
  const NarrowKernel* kernel = nullptr;
  int blocks = 1;        ///< of a network
  int slots = 1;         ///< networks that are trained at a time
  int shared_state = 0;  ///< as NarrowScratch's
  std::size_t shared_bytes = 0;

  /// Float4 of a network's state that a block updates.
  int slice() const {
    return kernel->hidden_float4 / blocks + (kernel->state_float4 - kernel->hidden_float4 + blocks - 1) / blocks;
  }
};

/// None where these kernels cannot take the spec, or not on this device.
std::optional<NarrowPlan> narrow_plan(const InrSpec& spec, const DeviceLimits& limits);

/// Takes `steps` steps in one launch; the arrays are as inr_train()'s, the scratch what the plan asks for.
void narrow_train(const InrTraining& training, const NarrowPlan& plan, const NarrowScratch& scratch,
                  const UpdateStep* updates, int steps, double* squares, const Stream& stream);

}  // namespace frugal::cuda
