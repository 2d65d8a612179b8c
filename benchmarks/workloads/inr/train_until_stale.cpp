#include "benchmarks/workloads/inr/train_until_stale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace frugal::workloads {
namespace {

/// Fixed, because where a training ends must not depend on the machine.
constexpr std::int64_t steps_towards_a_target = 10;

}  // namespace

LossCurve train_until_stale(InrEnsemble& model, std::int64_t steps, std::int64_t patience,
                            std::optional<double> target_loss, const Pace& pace, std::vector<double> before) {
  assert(steps > 0 && patience >= 0);
  LossCurve curve{.losses = std::move(before), .rule = {}};
  StaleStop& rule = curve.rule;
  for (const double loss : curve.losses) rule.add(loss);
  std::int64_t paced = pace(curve);
  while (rule.steps < steps && rule.since_best() <= patience) {
    if (target_loss && rule.steps > 0 && rule.last <= *target_loss) break;
    // The rule cannot bite before this step, so a piece that ends there takes no step too many.
    const std::int64_t last_sure = std::min(steps, rule.best_step + patience + 1);
    const std::int64_t most = target_loss ? steps_towards_a_target : paced;
    for (const double loss : model.train(static_cast<int>(std::min(most, last_sure - rule.steps)))) {
      rule.add(loss);
      if (!std::isfinite(loss))
        throw std::runtime_error(fmt::format(
            "training diverged: the loss of step {} is not finite; lower params.inr.learning_rate", rule.steps));
      curve.losses.push_back(loss);
    }
    paced = pace(curve);
  }
  return curve;
}

}  // namespace frugal::workloads
