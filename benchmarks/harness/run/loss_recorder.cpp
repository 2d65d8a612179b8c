#include "benchmarks/harness/run/loss_recorder.hpp"

#include <algorithm>
#include <cmath>

namespace frugal::harness {
namespace {

void drop_every_second(std::vector<double>& values) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size(); i += 2) values[kept++] = values[i];
  values.resize(kept);
}

}  // namespace

void LossRecorder::add(std::string_view name, double step, double loss) {
  if (!std::isfinite(loss)) return;
  auto known = std::ranges::find_if(curves_, [&](const Thinned& one) { return one.curve.name == name; });
  if (known == curves_.end()) known = curves_.insert(known, {.curve = {.name = std::string(name)}});
  LossCurve& curve = known->curve;
  if (known->told++ % known->every != 0) return;
  if (curve.steps.size() == most_points) {
    drop_every_second(curve.steps);
    drop_every_second(curve.losses);
    known->every *= 2;
  }
  curve.steps.push_back(step);
  curve.losses.push_back(loss);
}

std::vector<LossCurve> LossRecorder::curves() const {
  std::vector<LossCurve> curves;
  for (const Thinned& one : curves_) curves.push_back(one.curve);
  return curves;
}

}  // namespace frugal::harness
