// The few statistics that verdicts and tables rest on. Spread is over seeds: two runs of one seed say nothing about it.
#pragma once
#include <optional>
#include <span>
#include <vector>

namespace frugal::harness {

/// Arithmetic mean. Needs at least one value.
double mean(std::span<const double> values);

/// Middle value, or the mean of the middle two. Needs at least one value.
double median(std::span<const double> values);

/// sqrt(sum (x - mean)^2 / (n - 1)); none below two values.
std::optional<double> sample_deviation(std::span<const double> values);

/// The t with P(|T| <= t) = `level` for T of Student's distribution with `degrees` > 0 degrees of freedom.
double student_t(double level, double degrees);

/// P(|T| >= |t|): how often chance alone shows so much.
double student_p_value(double t, double degrees);

/// Which of the p-values are significant when all of them together may raise a false alarm with probability `level` only
/// (Holm, Scand. J. Statist. 6, 1979).
std::vector<bool> holm_significant(std::span<const double> p_values, double level);

/// Half width of the 95% confidence interval of the mean: t s / sqrt(n); none below two values.
std::optional<double> half_width_95(std::span<const double> values);

/// exp(mean(log x)), the mean that suits ratios. Needs at least one value, all positive.
double geometric_mean(std::span<const double> values);

}  // namespace frugal::harness
