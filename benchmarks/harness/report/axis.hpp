// The axis of a figure: where it begins and ends, and where its ticks stand.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Ticks from at most `low` to at least `high`: steps of 1, 2 or 5 times a power of ten; on a logarithmic axis powers
/// of ten, with 2 and 5 between them where it spans less than three. Both ends positive where logarithmic.
std::vector<double> axis_ticks(double low, double high, bool logarithmic);

/// The axis that shows these values (at least one, finite, positive where logarithmic) with a little air at both ends.
/// `of_values`: the values are few settings, each of which has its tick; else ticks are round numbers.
FigureAxis make_axis(const Heading& heading, const std::vector<double>& values, bool logarithmic, bool of_values);

/// Share of the way from the axis' low end to its high end, 0 to 1; beyond it outside.
double place_on(const FigureAxis& axis, double value);

/// "10 GFLOP", "50 %", "0.2": values as ticks have them, no two alike.
std::vector<std::string> tick_texts(std::span<const double> values, const std::string& unit);

}  // namespace frugal::harness
