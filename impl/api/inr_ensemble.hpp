// Contract: an ensemble of small coordinate networks, one per tile of a signal.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// K = `networks` coordinate networks of one spec (InrSpec), one per tile of a signal of one, two or three dimensions.
/// How a signal is cut into tiles and put together again is the caller's: a network sees samples, and all networks the
/// same coordinates.
///
/// State tensors: `layer.L.weight` [K, out, in] and `layer.L.bias` [K, out] of layer L, and the same under `adam.m/`
/// and `adam.v/`. step = training steps done.
///
/// Initial weights: sine and finer U(+-1/in) in layer 0, U(+-sqrt(6/in)/omega0) in the others (SIREN, arXiv 2006.09661,
/// section 3.2); relu U(+-1/sqrt(out*in)), the default law of a three-dimensional weight; gauss and wire
/// U(+-1/sqrt(in)); all but the last layer's times weight_scale (arXiv 2410.04779). Biases: see BiasInit. Word
/// k*size + i of Philox(seed, Purpose::weights), stream 2L for weights and 2L+1 for biases, gives value i of network k.
class InrEnsemble : public Model {
 public:
  /// The training signal: coordinates [points, inputs], of every network; targets [networks, points, channels]. Copied.
  virtual void set_samples(std::span<const float> coordinates, std::span<const float> targets) = 0;

  /// Advances every sub-network by `steps` full-batch Adam steps; returns the loss of each, [steps], measured before
  /// its update: mean squared error over all networks, points and channels. The order over sub-networks is free: they
  /// never interact. A sub-network stopped by spec.patience takes no step and keeps the loss of its last one;
  /// import_state starts all again. Requires set_samples().
  virtual std::vector<double> train(int steps) = 0;

  /// Steps taken so far, summed over the sub-networks.
  virtual std::int64_t network_steps() const = 0;

  /// Every sub-network at n = coordinates.size() / inputs points. coordinates [n, inputs], out [networks, n, channels].
  virtual void evaluate(std::span<const float> coordinates, std::span<float> out) const = 0;
};

}  // namespace frugal
