#include "benchmarks/harness/report/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

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

std::string tick_text(double value, const std::string& unit, int digits) {
  if (unit == "%") return fmt::format("{:.{}g} %", value, digits);
  const bool prefixed = reads_best_with_prefix(unit);
  if (!prefixed && std::abs(value) < 1e5) return fmt::format("{:.{}g}", value, std::max(digits, 5));
  const TableEntry entry = number_entry(value, {}, "si", prefixed ? unit : "");
  if (value == 0) return "0" + entry.suffix;
  const double thousands = std::round(std::log10(value / std::stod(entry.text)) / 3);
  return fmt::format("{:.{}g}{}", value / std::pow(1000, thousands), digits, entry.suffix);
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
  const auto steps = static_cast<int>(last - first);
  for (int i = 0; i <= steps; ++i) ticks.push_back((first + i) * step);
  return ticks;
}

std::vector<std::string> tick_texts(std::span<const double> values, const std::string& unit) {
  std::vector<std::string> texts;
  // As many digits as it takes to tell neighbours apart.
  for (int digits = 3; digits <= 9; ++digits) {
    texts.clear();
    for (const double value : values) texts.push_back(tick_text(value, unit, digits));
    if (std::set<std::string>(texts.begin(), texts.end()).size() == texts.size()) break;
  }
  return texts;
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
  const std::vector<std::string> texts = tick_texts(ticks, heading.unit);
  for (std::size_t i = 0; i < ticks.size(); ++i) axis.ticks.push_back({ticks[i], texts[i]});
  return axis;
}

double place_on(const FigureAxis& axis, double value) {
  const auto scaled = [&](double v) { return axis.logarithmic ? std::log10(v) : v; };
  return (scaled(value) - scaled(axis.low)) / (scaled(axis.high) - scaled(axis.low));
}

}  // namespace frugal::harness
