// Regression by a Gaussian process: a mean and an uncertainty at any point, from a few measured ones.
#pragma once
#include <functional>
#include <vector>

namespace frugal::harness {

struct Prediction {
  double mean = 0;
  double deviation = 0;  ///< of the function itself, without the noise of a measurement
};

using PointPredictor = std::function<Prediction(const std::vector<double>& point)>;

/// Fits to `values` (at least one) at `points` of equally many inputs, each from 0 to 1. Kernel: constant + linear +
/// squared exponential with a length for each input, plus noise. The scale of the values is integrated out; the other
/// hyperparameters are those of the largest marginal likelihood on a coarse grid: enough for tens of points, and never
/// at the mercy of an optimiser (Rasmussen & Williams 2006, chapters 2 and 5).
PointPredictor fit_gaussian_process(const std::vector<std::vector<double>>& points, const std::vector<double>& values);

}  // namespace frugal::harness
