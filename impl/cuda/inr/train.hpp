// Training and evaluation of coordinate networks: the launches. What a block does with a tile is tile.hpp's.
#pragma once
#include "impl/common/adam.hpp"
#include "impl/common/stale_stop.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/inr/network.hpp"

namespace frugal::cuda {

/// How a block's shared memory is used, and by how many blocks a network is trained.
struct InrPlan {
  int tile_points = 0;
  bool tile = false, weights = false, gradient = false, moments = false;  ///< in shared memory
  int chunks = 1;                                                         ///< blocks that share a network's points
  std::size_t shared_bytes = 0;
  std::size_t scratch_floats = 0;  ///< of a block whose tile is not in shared memory, for networks too wide for that
};

/// What numbers of blocks are derived from, whatever the device has, so that all add up in one order: the
/// multiprocessors of those that the kernels are tuned for.
inline constexpr std::int64_t inr_blocks_at_once = 132;
/// Of the gradients of all chunks: 8 GiB of floats.
inline constexpr std::int64_t inr_most_gradients = std::int64_t{1} << 31;

/// The fastest plan by what is known without measuring: the tile first, then weights, gradient, larger tiles.
InrPlan inr_plan(const InrSpec& spec, const InrNetwork& net, const DeviceLimits& limits);

/// Everything of a training that lies on the device.
struct InrTraining {
  InrNetwork net;
  const float* coordinates = nullptr;  ///< [points, inputs]
  const float* targets = nullptr;      ///< [networks, points, channels]
  float* parameters = nullptr;         ///< [networks, count]
  float* first = nullptr;              ///< Adam's moments, laid out as the parameters
  float* second = nullptr;
  float* gradients = nullptr;       ///< [networks, chunks, count]; null when a block keeps its own
  double* chunk_squares = nullptr;  ///< [networks, chunks]; with more than one chunk
  StaleStop* curves = nullptr;      ///< [networks]
  float* scratch = nullptr;         ///< [networks, chunks, scratch_floats]; null when tiles are in shared memory
  int* done = nullptr;              ///< [1] steps of this call; with more than one chunk
  int networks = 0;
  int points = 0;
  float scale = 0;  ///< dL/dy over y - target
  std::int64_t patience = 0;
};

/// Takes `steps` steps; squares [steps, networks] gets the sums of square errors. updates [steps].
/// One chunk: one launch, a block trains a network for all steps. More: three launches a step (a graph of several
/// steps), a block per chunk, the gradients of the chunks added in order.
void inr_train(const InrTraining& training, const InrPlan& plan, const UpdateStep* updates, int steps, double* squares,
               const Stream& stream);

/// out [networks, points, channels] from coordinates [points, inputs], by tiles of up to 64 points. Waits for
/// the result where the networks are too wide for shared memory.
void inr_evaluate(const InrNetwork& net, const float* parameters, int networks, const float* coordinates, int points,
                  float* out, const DeviceLimits& limits, const Stream& stream);

}  // namespace frugal::cuda
