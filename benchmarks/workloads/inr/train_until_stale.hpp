// Training with ENRP's rule: stop when the best loss is more than `patience` steps old.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "impl/api/inr_ensemble.hpp"
#include "impl/common/stale_stop.hpp"

namespace frugal::workloads {

/// How many steps to take at once: many, because a call has a start and an end of its own (a transfer on a GPU, cold
/// caches on a CPU), and few enough that a stop or a progress line need not wait for much more than a second.
class PieceOfTraining {
 public:
  std::int64_t steps() const { return steps_; }
  void took(std::int64_t steps, double seconds);

 private:
  std::int64_t steps_ = 10;
};

struct LossCurve {
  std::vector<double> losses;  ///< of each step taken, before its update
  StaleStop rule;              ///< after all of them
};

/// Takes at most `steps` steps (at least 1), and none after the one at which the best loss is more than `patience`
/// steps old. With a `target_loss` it also ends within a few steps of the first loss that is not above it. `progress`
/// hears the share done between pieces of training. Throws std::runtime_error when a loss is not finite.
LossCurve train_until_stale(InrEnsemble& model, std::int64_t steps, std::int64_t patience,
                            std::optional<double> target_loss, const std::function<void(double)>& progress);

}  // namespace frugal::workloads
