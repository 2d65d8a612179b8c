// Second-order training of small coordinate networks: steps of Levenberg and Marquardt, whatever the back end.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "impl/api/inr_ensemble.hpp"

namespace frugal::workloads {

/// The largest linear system of a step: a sub-network has at most that many weights or at most that many target values.
inline constexpr std::int64_t most_second_order_unknowns = 4096;

/// Least squares by Levenberg and Marquardt (Marquardt 1963), each sub-network by itself: with its residuals
/// r = y - target, [points * channels], and their Jacobian J by its weights w, a step tries
///   w - (J^T J + m d I)^-1 J^T r,   d = trace(J^T J) / min(weights, residuals),
/// and takes it where |r|^2 falls. m is 1e-2 at first, half as large after a step taken and five times after one
/// refused. Where there are more weights than residuals the step is J^T (J J^T + m d I)^-1 r, the same one, and
/// J J^T is a sum over layers of (deltas deltas^T) * (inputs inputs^T + 1), entry by entry, so that J is never formed.
/// In double and on one thread; weights are fp32 after each step, as a back end has them.
class SecondOrderTraining {
 public:
  /// From the weights of `state` on. coordinates [points, inputs], targets [networks, points, channels]. Copied.
  /// Requires min(weights, points * channels) of a sub-network <= most_second_order_unknowns.
  SecondOrderTraining(const InrSpec& spec, const ModelState& state, std::span<const float> coordinates,
                      std::span<const float> targets);
  ~SecondOrderTraining();

  /// Each sub-network tries one step. Returns the mean squared error over all networks, points and channels after it.
  /// `progress` hears the share of the step that is done, several times.
  double step(const std::function<void(double)>& progress);

  /// layer.L.weight and layer.L.bias of all layers; its step is that of the state from which this began.
  ModelState state() const;

 private:
  struct Network;

  InrSpec spec_;
  std::uint64_t step_;
  std::vector<Network> networks_;
  std::vector<float> coordinates_, targets_;
};

}  // namespace frugal::workloads
