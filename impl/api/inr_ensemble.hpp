// Contract: an ensemble of small coordinate networks, one per tile of a signal.
//
// State tensors (K = grid * grid networks, network k = row * grid + column of its tile):
//   "layer.<l>.weight" [K, out, in], "layer.<l>.bias" [K, out], and the same under "adam.m/" and "adam.v/".
// Initial weights: layer 0 U(+-1/in); the others U(+-sqrt(6/in)/omega0) (SIREN, section 3.2). With ReLU: the default
// law of a three-dimensional weight, U(+-1/sqrt(out*in)). Biases: see BiasInit. Word k*size + i of
// Philox(seed, Purpose::weights), stream 2l for weights and 2l+1 for biases, gives value i of network k.
// Coordinates: pixel (row r, column c) of a tile has x = (lin(r), lin(c)), lin(i) = -1 + 2 i / (tile - 1), 0 for
// tile 1.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

class InrEnsemble : public Model {
 public:
  /// pixels: [grid*tile, grid*tile, channels], row-major, values in [-1, 1].
  virtual void set_signal(std::span<const float> pixels) = 0;

  /// Advances every sub-network by `steps` full-batch Adam steps; returns the loss of each, measured before its update:
  /// mean squared error over all pixels and channels. The order over sub-networks is free: they never interact.
  virtual std::vector<double> train(int steps) = 0;

  /// Evaluates every sub-network on a tile_resolution^2 grid over its tile (end points on +-1).
  /// out: [grid*tile_resolution, grid*tile_resolution, channels].
  virtual void render(int tile_resolution, std::span<float> out) const = 0;
};

}  // namespace frugal
