#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

using Direction = MetricDescriptor::Direction;

/// With this probability at most, chance alone makes any finding of a check better or worse.
constexpr double false_alarm = 0.01;
/// A difference as large as the tolerance is called the same, or no worse, with this probability at most.
constexpr double miss = 0.05;
/// No difference at all is told to be the same with this probability by the number of seeds that a message asks for.
constexpr double power = 0.8;
/// More seeds than this are not asked for.
constexpr int most_seeds = 10000;

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

/// A comparison whose noise is known.
struct Test {
  double difference = 0;  ///< Comparison::difference()
  double error = 0;       ///< standard error of it
  double degrees = 0;
  double p = 1;  ///< of a difference that is chance alone

  /// Half the width of the interval that holds the true difference with a probability of 1 - 2 `miss`.
  double half_width() const { return error == 0 ? 0 : student_t(1 - 2 * miss, degrees) * error; }
};

double difference_of(const Comparison& comparison) {
  return *comparison.finding.current - *comparison.finding.baseline;
}

/// In the metric's unit. Of a ratio's logarithm: half of what lies between the two ends, which are as far from the ratio as
/// factors, not as differences.
double half_width_of(const Comparison& comparison, const Test& test) {
  const double half = test.half_width();
  return comparison.log_ratio ? *comparison.finding.current * std::sinh(half) : half;
}

Test test_of(const Comparison& comparison, const Variance& noise) {
  Test test;
  test.difference = comparison.difference();
  test.error = comparison.scale * std::sqrt(noise.value * comparison.noise.share);
  test.degrees = noise.degrees;
  const double t = test.error > 0 ? test.difference / test.error : std::numeric_limits<double>::infinity();
  test.p = test.difference == 0 ? 1 : student_p_value(t, test.degrees);
  return test;
}

/// The slack is for 33.8 - 33.5 against 0.3. Written so that a NaN is beyond.
bool within(double difference, double tolerance) { return std::abs(difference) <= tolerance * (1 + 1e-9); }

bool is_good(const Comparison& comparison, double difference) {
  return comparison.direction == Direction::higher_is_better ? difference > 0 : difference < 0;
}

Verdict by_tolerance(const Comparison& comparison) {
  const double difference = difference_of(comparison);
  if (within(difference, comparison.finding.tolerance)) return Verdict::same;
  if (comparison.direction == Direction::informative) return Verdict::changed;
  return is_good(comparison, difference) ? Verdict::better : Verdict::worse;
}

Verdict by_test(const Comparison& comparison, const Test& test, bool significant) {
  const double tolerance = comparison.tolerance();
  if (significant && !within(test.difference, tolerance))
    return is_good(comparison, test.difference) ? Verdict::better : Verdict::worse;
  const double half = test.half_width();
  if (within(std::abs(test.difference) + half, tolerance)) return Verdict::same;
  const double to_the_bad =
      comparison.direction == Direction::higher_is_better ? half - test.difference : half + test.difference;
  return to_the_bad <= tolerance * (1 + 1e-9) ? Verdict::no_worse : Verdict::ambiguous;
}

/// So many seeds, on both sides, would tell that nothing has changed, if nothing has; 0: more than most_seeds.
int seeds_needed(const Comparison& comparison, const Variance& noise) {
  const auto enough = [&](int seeds) {
    const double error = comparison.scale * std::sqrt(noise.value * comparison.noise.share_of_one / seeds);
    const double degrees = std::max(1.0, noise.degrees - comparison.noise.one.degrees + seeds - 1);
    return (student_t(1 - 2 * miss, degrees) + student_t(power, degrees)) * error <= comparison.tolerance();
  };
  if (comparison.finding.tolerance <= 0 || !enough(most_seeds)) return 0;
  int low = 1;  // not enough, or not asked about: one seed has no spread
  int high = most_seeds;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

std::string differences_text(const Comparison& comparison) {
  const Finding& finding = comparison.finding;
  const std::string unit = comparison.unit.empty() ? "" : " " + comparison.unit;
  return fmt::format("{}{} (n={}) -> {}{} (n={}): {:+.6g}, tolerance {}", number_text(*finding.baseline), unit,
                     finding.baseline_n, number_text(*finding.current), unit, finding.current_n,
                     difference_of(comparison), number_text(finding.tolerance));
}

std::string noise_text(const Comparison& comparison, const Test& test, const Variance& noise, Verdict verdict) {
  std::string text = fmt::format(", ±{:.3g} (90%), p = {:.2g}", half_width_of(comparison, test), test.p);
  if (verdict != Verdict::ambiguous) return text;
  const std::string loss =
      number_text(comparison.finding.tolerance) + (comparison.unit.empty() ? "" : " ") + comparison.unit;
  const int seeds = seeds_needed(comparison, noise);
  // So many would show that nothing has changed. Here something has, by about the tolerance.
  if (seeds > 0 && seeds <= std::min(comparison.finding.baseline_n, comparison.finding.current_n))
    return text + "; cannot tell: the change is as large as the tolerance, give or take its noise";
  return text +
         (seeds > 0
              ? fmt::format("; cannot tell: needs at least {} seeds to see a loss of {}", seeds, loss)
              : fmt::format(
                    "; cannot tell: no number of seeds up to {} would show a loss of {}, so give a larger tolerance",
                    most_seeds, loss));
}

}  // namespace

double Comparison::tolerance() const {
  if (!log_ratio) return finding.tolerance;
  return std::log1p(finding.tolerance / *finding.baseline);
}

std::vector<Finding> decide(const std::vector<Comparison>& comparisons) {
  std::map<std::string, std::vector<Variance>> families;
  for (const Comparison& comparison : comparisons)
    if (!comparison.exact) families[comparison.family].push_back(comparison.noise.one);
  std::map<std::string, std::optional<Prior>> priors;
  for (const auto& [family, variances] : families) priors[family] = fit_prior(variances);

  std::vector<Variance> noises(comparisons.size());
  std::vector<std::size_t> tested;
  std::vector<Test> tests;
  std::vector<double> p_values;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    if (comparisons[i].exact || comparisons[i].equal || comparisons[i].direction == Direction::informative) continue;
    noises[i] = steadied(comparisons[i].noise.one, priors[comparisons[i].family]);
    if (noises[i].degrees == 0) continue;
    tested.push_back(i);
    tests.push_back(test_of(comparisons[i], noises[i]));
    p_values.push_back(tests.back().p);
  }
  const std::vector<bool> significant = holm_significant(p_values, false_alarm);

  std::vector<Finding> findings;
  std::size_t next = 0;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    Finding finding = comparison.finding;
    finding.message = differences_text(comparison);
    if (next < tested.size() && tested[next] == i) {
      finding.verdict = by_test(comparison, tests[next], significant[next]);
      finding.half_width = half_width_of(comparison, tests[next]);
      finding.message += noise_text(comparison, tests[next], noises[i], finding.verdict);
      ++next;
    } else {
      finding.verdict = by_tolerance(comparison);
      if (!comparison.exact && !comparison.equal && comparison.direction != Direction::informative)
        finding.message += "; one seed, so its noise is not known";
    }
    if (comparison.disturbed > 0)
      finding.message += fmt::format("; {} times beside other work did not count", comparison.disturbed);
    if (comparison.collapsed && !within(difference_of(comparison), finding.tolerance)) finding.verdict = Verdict::worse;
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace frugal::harness
