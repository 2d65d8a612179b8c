#include "benchmarks/workloads/inr/train_until_stale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

namespace frugal::workloads {
namespace {

/// So that a stop or a progress line never waits long; enough steps for a sub-network to stay in cache meanwhile.
constexpr std::int64_t most_steps_at_once = 50;
constexpr std::int64_t most_steps_towards_a_target = 10;

}  // namespace

LossCurve train_until_stale(InrEnsemble& model, std::int64_t steps, std::int64_t patience,
                            std::optional<double> target_loss, const std::function<void(double)>& progress) {
  assert(steps > 0 && patience >= 0);
  LossCurve curve;
  for (std::int64_t done = 0; done < steps;) {
    // The rule cannot bite before this step, so a piece that ends there takes no step too many.
    const std::int64_t last_sure = std::min(steps, curve.best_step + patience + 1);
    if (done >= last_sure) break;
    if (target_loss && done > 0 && curve.last() <= *target_loss) break;
    const std::int64_t now = std::min(target_loss ? most_steps_towards_a_target : most_steps_at_once, last_sure - done);
    for (const double loss : model.train(static_cast<int>(now))) {
      ++done;
      if (!std::isfinite(loss))
        throw std::runtime_error(
            fmt::format("training diverged: the loss of step {} is not finite; lower params.inr.learning_rate", done));
      curve.losses.push_back(loss);
      if (curve.best_step == 0 || loss < curve.best()) curve.best_step = done;
    }
    progress(static_cast<double>(done) / static_cast<double>(steps));
  }
  return curve;
}

}  // namespace frugal::workloads
