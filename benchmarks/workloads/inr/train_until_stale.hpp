// Training with ENRP's rule: stop when the best loss is more than `patience` steps old.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "impl/api/inr_ensemble.hpp"
#include "impl/common/stale_stop.hpp"

namespace frugal::workloads {

struct LossCurve {
  std::vector<double> losses;  ///< of each step taken, before its update
  StaleStop rule;              ///< after all of them
};

/// Hears what has been done and says how many steps to take at once.
using Pace = std::function<std::int64_t(const LossCurve&)>;

/// Takes at most `steps` steps (at least 1), and none after the one at which the best loss is more than `patience`
/// steps old. With a `target_loss` it also ends within a few steps of the first loss that is not above it. The losses of
/// steps that the model has taken `before`, where it was left between two calls of `pace`, count as its own. Throws
/// std::runtime_error when a loss is not finite.
LossCurve train_until_stale(InrEnsemble& model, std::int64_t steps, std::int64_t patience,
                            std::optional<double> target_loss, const Pace& pace, std::vector<double> before = {});

}  // namespace frugal::workloads
