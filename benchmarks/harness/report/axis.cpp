#include "benchmarks/harness/report/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

constexpr double air = 0.05;  // between the data and the ends of the axis, as a share of it

/// "HR@10", "time [s]"; without the unit where every tick says it.
std::string axis_title(const Heading& heading) {
  return heading.unit == "%" || reads_best_with_prefix(heading.unit) ? heading.title : heading_text(heading);
}

/// Round ticks for these values that lie on the axis. On a short logarithmic axis 1, 2 and 5 may be too few: linear ones
/// then.
std::vector<double> round_ticks(double low, double high, const FigureAxis& axis) {
  const auto on_axis = [&](bool logarithmic) {
    std::vector<double> ticks = axis_ticks(low, high, logarithmic);
    std::erase_if(ticks, [&](double tick) { return tick < axis.low || tick > axis.high; });
    return ticks;
  };
  std::vector<double> ticks = on_axis(axis.logarithmic);
  return ticks.size() < 3 && axis.logarithmic ? on_axis(false) : ticks;
}

}  // namespace

std::vector<double> axis_ticks(double low, double high, bool logarithmic) {
  std::vector<double> ticks;
  if (logarithmic) {
    const int first = static_cast<int>(std::floor(std::log10(low)));
    const int last = std::max(static_cast<int>(std::ceil(std::log10(high))), first + 1);
    const bool few = std::log10(high / low) < 3 || last - first < 3;
    for (int power = first; power <= last; ++power) {
      for (const int factor : {1, 2, 5}) {
        if (factor == 1 || (few && power < last)) ticks.push_back(factor * std::pow(10, power));
      }
    }
    // With the ticks between, whole ones at the ends may lie outside of the data.
    while (ticks.size() > 2 && ticks[1] <= low) ticks.erase(ticks.begin());
    while (ticks.size() > 2 && ticks[ticks.size() - 2] >= high) ticks.pop_back();
    return ticks;
  }
  const double span = high > low ? high - low : std::max(std::abs(high), 1.0);
  const double rough = span / 6;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
  const double first = std::floor(low / step);
  const double last = std::max(std::ceil(high / step), first + 1);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string tick_text(double value, const std::string& unit) {
  if (unit == "%") return fmt::format("{:g} %", value);
  const bool prefixed = reads_best_with_prefix(unit);
  // Six digits: a step times a whole number misses a round decimal by a rounding error.
  if (!prefixed && std::abs(value) < 1e5) return fmt::format("{:.6g}", value);
  const TableEntry entry = number_entry(value, {}, "si", prefixed ? unit : "");
  return fmt::format("{:g}{}", std::stod(entry.text), entry.suffix);
}

FigureAxis make_axis(const Heading& heading, const std::vector<double>& values, bool logarithmic, bool of_values) {
  const auto scaled = [&](double value) { return logarithmic ? std::log10(value) : value; };
  const auto unscaled = [&](double value) { return logarithmic ? std::pow(10, value) : value; };
  const auto [low, high] = std::ranges::minmax(values);
  double margin = air * (scaled(high) - scaled(low));
  if (!(margin > 0)) margin = logarithmic ? 0.5 : std::max(std::abs(high) / 10, 0.5);
  FigureAxis axis{.title = axis_title(heading), .logarithmic = logarithmic};
  axis.low = unscaled(scaled(low) - margin);
  axis.high = unscaled(scaled(high) + margin);
  // Counts, shares and times do not go below nought.
  if (!logarithmic && low >= 0 && axis.low < 0) axis.low = 0;
  std::vector<double> ticks = of_values ? values : round_ticks(low, high, axis);
  std::ranges::sort(ticks);
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  for (const double tick : ticks) axis.ticks.push_back({tick, tick_text(tick, heading.unit)});
  return axis;
}

double place_on(const FigureAxis& axis, double value) {
  const auto scaled = [&](double v) { return axis.logarithmic ? std::log10(v) : v; };
  return (scaled(value) - scaled(axis.low)) / (scaled(axis.high) - scaled(axis.low));
}

}  // namespace frugal::harness
