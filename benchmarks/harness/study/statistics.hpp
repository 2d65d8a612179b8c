// The few statistics that verdicts and tables rest on. Spread is over seeds: two runs of one seed say nothing about it.
#pragma once
#include <optional>
#include <span>

namespace frugal::harness {

/// Arithmetic mean. Needs at least one value.
double mean(std::span<const double> values);

/// Middle value, or the mean of the middle two. Needs at least one value.
double median(std::span<const double> values);

/// sqrt(sum (x - mean)^2 / (n - 1)); none below two values.
std::optional<double> sample_deviation(std::span<const double> values);

/// The t with P(|T| <= t) = `level` for T of Student's distribution with `degrees` degrees of freedom.
double student_t(double level, int degrees);

/// Half width of the 95% confidence interval of the mean: t s / sqrt(n); none below two values.
std::optional<double> half_width_95(std::span<const double> values);

/// exp(mean(log x)), the mean that suits ratios. Needs at least one value, all positive.
double geometric_mean(std::span<const double> values);

}  // namespace frugal::harness
