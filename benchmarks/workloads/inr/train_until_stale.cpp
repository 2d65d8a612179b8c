#include "benchmarks/workloads/inr/train_until_stale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <stdexcept>

namespace frugal::workloads {
namespace {

constexpr double seconds_of_a_piece = 1;
constexpr std::int64_t least_steps = 10;
constexpr std::int64_t most_steps = 100'000;
/// Fixed, because where a training ends must not depend on the machine.
constexpr std::int64_t steps_towards_a_target = 10;

}  // namespace

void PieceOfTraining::took(std::int64_t steps, double seconds) {
  const double wanted = static_cast<double>(steps) * seconds_of_a_piece / std::max(seconds, 1e-9);
  steps_ = std::clamp(static_cast<std::int64_t>(std::min(wanted, 1e9)), least_steps, most_steps);
}

LossCurve train_until_stale(InrEnsemble& model, std::int64_t steps, std::int64_t patience,
                            std::optional<double> target_loss, const std::function<void(double)>& progress) {
  assert(steps > 0 && patience >= 0);
  LossCurve curve;
  StaleStop& rule = curve.rule;
  PieceOfTraining piece;
  while (rule.steps < steps && rule.since_best() <= patience) {
    if (target_loss && rule.steps > 0 && rule.last <= *target_loss) break;
    // The rule cannot bite before this step, so a piece that ends there takes no step too many.
    const std::int64_t last_sure = std::min(steps, rule.best_step + patience + 1);
    const std::int64_t now = std::min(target_loss ? steps_towards_a_target : piece.steps(), last_sure - rule.steps);
    const auto start = std::chrono::steady_clock::now();
    const std::vector<double> losses = model.train(static_cast<int>(now));
    piece.took(now, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    for (const double loss : losses) {
      rule.add(loss);
      if (!std::isfinite(loss))
        throw std::runtime_error(fmt::format(
            "training diverged: the loss of step {} is not finite; lower params.inr.learning_rate", rule.steps));
      curve.losses.push_back(loss);
    }
    progress(static_cast<double>(rule.steps) / static_cast<double>(steps));
  }
  return curve;
}

}  // namespace frugal::workloads
