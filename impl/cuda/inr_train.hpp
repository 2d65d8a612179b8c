// Training of coordinate networks whose tiles fit a block's shared memory: the launches. What a block does with a tile
// is inr_tile.hpp's.
#pragma once
#include "impl/common/stale_stop.hpp"
#include "impl/cuda/adam.hpp"
#include "impl/cuda/device.hpp"
#include "impl/cuda/inr_network.hpp"

namespace frugal::cuda {

/// How a block's shared memory is used, and by how many blocks a network is trained.
struct InrResidentPlan {
  int tile_points = 0;                                      ///< 0: not even the smallest tile fits
  bool weights = false, gradient = false, moments = false;  ///< in shared memory
  int chunks = 1;                                           ///< blocks that share a network's points
  std::size_t shared_bytes = 0;
};

/// The fastest plan by what is known without measuring: weights first, then the gradient, then larger tiles.
InrResidentPlan inr_resident_plan(const InrSpec& spec, const InrNetwork& net, const DeviceLimits& limits);

/// Shared memory that a tile of 8 points needs.
std::size_t inr_smallest_tile_bytes(const InrNetwork& net);

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
  int* done = nullptr;              ///< [1] steps of this call; with more than one chunk
  int networks = 0;
  int points = 0;
  float scale = 0;  ///< dL/dy over y - target
  std::int64_t patience = 0;
};

/// Takes `steps` steps; squares [steps, networks] gets the sums of square errors. updates [steps].
/// One chunk: one launch, a block trains a network for all steps. More: three launches a step (a graph of several
/// steps), a block per chunk, the gradients of the chunks added in order.
void inr_train_resident(const InrTraining& training, const InrResidentPlan& plan, const AdamStep* updates, int steps,
                        double* squares, const Stream& stream);

/// out [networks, points, channels] from coordinates [points, inputs], by tiles of up to 64 points.
void inr_evaluate(const InrNetwork& net, const float* parameters, int networks, const float* coordinates, int points,
                  float* out, const DeviceLimits& limits, const Stream& stream);

}  // namespace frugal::cuda
