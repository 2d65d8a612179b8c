#include <algorithm>
#include <cmath>
#include <vector>

#include "benchmarks/harness/judge/comparison.hpp"

namespace frugal::harness {
namespace {

SpeedVerdict speed_verdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return SpeedVerdict::faster;
    case Verdict::worse:
      return SpeedVerdict::slower;
    case Verdict::same:
      return SpeedVerdict::same;
    case Verdict::no_worse:
    case Verdict::ambiguous:
    case Verdict::changed:
    case Verdict::missing:
      break;
  }
  return SpeedVerdict::ambiguous;
}

}  // namespace

std::optional<Speed> speed_of(std::span<const Comparison> comparisons) {
  // In logarithms, so that twice as fast here and twice as slow there are as fast on the whole. The noise is that of the
  // seeds within the cells: other cells are other work, not other draws. Cells may differ in noise and in seeds, so their
  // variances add up each with its own degrees (Satterthwaite 1946).
  Comparison all;
  all.direction = MetricDescriptor::Direction::lower_is_better;
  all.family = "speed";
  double sum = 0;
  double tolerance = 0;
  std::size_t cells = 0;
  double squares = 0, degrees = 0;  // of all, for cells whose noise is not known
  std::vector<DifferenceNoise> noises;
  for (const Comparison& one : comparisons) {
    if (one.finding.metric != "time.total" || !one.log_ratio) continue;
    const double share = one.finding.tolerance / *one.finding.baseline;
    tolerance = cells == 0 ? share : std::min(tolerance, share);
    ++cells;
    sum += *one.log_ratio;
    const DifferenceNoise& noise = noises.emplace_back(one.noise);
    squares += noise.one.value * noise.one.degrees;
    degrees += noise.one.degrees;
    all.finding.baseline_n += one.finding.baseline_n;
    all.finding.current_n += one.finding.current_n;
  }
  if (cells == 0) return std::nullopt;
  const auto n = static_cast<double>(cells);
  if (degrees > 0) {
    double variance = 0, uncertainty = 0;  // of the sum
    for (const DifferenceNoise& noise : noises) {
      const bool is_known = noise.one.degrees > 0;
      const double of_cell = (is_known ? noise.one.value : squares / degrees) * noise.share;
      variance += of_cell;
      uncertainty += of_cell * of_cell / (is_known ? noise.one.degrees : degrees);
    }
    all.noise.one = {variance / (n * n), uncertainty > 0 ? variance * variance / uncertainty : degrees};
    all.noise.share = 1;
  }
  all.finding.baseline = 0;
  all.finding.current = sum / n;
  all.finding.tolerance = std::log1p(tolerance);
  const Finding judged = decide({all}).front();
  Speed speed{
      .verdict = speed_verdict(judged.verdict), .ratio = std::exp(sum / n), .tolerance = tolerance, .cells = cells};
  if (judged.half_width)
    speed.interval = {std::exp(sum / n - *judged.half_width), std::exp(sum / n + *judged.half_width)};
  return speed;
}

}  // namespace frugal::harness
