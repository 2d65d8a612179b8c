// Training with ENRP's rule: stop when the best loss is more than `patience` steps old.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "impl/api/inr_ensemble.hpp"

namespace frugal::workloads {

struct LossCurve {
  std::vector<double> losses;  ///< of each step taken, before its update
  std::int64_t best_step = 0;  ///< of the first lowest loss, counted from 1
  double best() const { return losses[static_cast<std::size_t>(best_step - 1)]; }
  double last() const { return losses.back(); }
};

/// Takes at most `steps` steps (at least 1), and none after the one at which the best loss is more than `patience`
/// steps old. With a `target_loss` it also ends within a few steps of the first loss that is not above it. `progress`
/// hears the share done between pieces of training. Throws std::runtime_error when a loss is not finite.
LossCurve train_until_stale(InrEnsemble& model, std::int64_t steps, std::int64_t patience,
                            std::optional<double> target_loss, const std::function<void(double)>& progress);

}  // namespace frugal::workloads
