#include "benchmarks/harness/report/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace frugal::harness {
namespace {

struct Prefix {
  double factor;
  const char* symbol;
};
constexpr Prefix prefixes[] = {{1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"},  {1e6, "M"},
                               {1e3, "k"},  {1, ""},     {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};

constexpr const Prefix& unscaled = prefixes[6];

/// The largest prefix that leaves at least 1 after rounding to three digits (999.6 k is 1.00 M).
const Prefix& prefix_for(double value) {
  const double size = std::abs(value);
  if (size == 0 || !std::isfinite(size)) return unscaled;
  for (const Prefix& prefix : prefixes) {
    if (size / prefix.factor >= 0.9995) return prefix;
  }
  return *std::prev(std::end(prefixes));
}

/// Decimals that show `digits` significant digits of `value`.
int decimals_for(double value, int digits) {
  const double size = std::abs(value);
  if (size == 0 || !std::isfinite(size)) return 0;
  // Rounding first: 9.996 is 10.0, not 10.00.
  const double rounded = size * (1 + 0.5 * std::pow(10, -digits));
  return std::max(0, digits - 1 - static_cast<int>(std::floor(std::log10(rounded))));
}

/// Three digits of the value, and up to two more where the interval is that narrow: 123 s, but 123.4 ± 0.4 s.
int common_decimals(double value, std::optional<double> half_width) {
  const int decimals = decimals_for(value, 3);
  if (!half_width || *half_width == 0) return decimals;
  return std::clamp(decimals_for(*half_width, 1), decimals, decimals + 2);
}

std::string fixed_text(double value, int decimals) {
  return decimals <= 8 ? fmt::format("{:.{}f}", value, decimals) : fmt::format("{:.2e}", value);
}

/// "{:.2f}", or one with up to two decimals more where a width that is not 0 would else be shown as that.
std::string format_that_shows(double half_width, const std::string& format) {
  const std::size_t point = format.rfind('.');
  if (half_width == 0 || point == std::string::npos || !format.ends_with("f}") || format.size() != point + 4)
    return format;
  const int decimals = format[point + 1] - '0';
  const int needed = decimals_for(half_width, 1);
  const bool is_seen = half_width >= 0.5 * std::pow(10, -decimals);
  if (is_seen || needed > decimals + 2) return format;
  return format.substr(0, point + 1) + std::to_string(needed) + "f}";
}

}  // namespace

bool reads_best_with_prefix(const std::string& unit) {
  return unit == "FLOP" || unit == "FLOP/s" || unit == "FLOP/J" || unit == "B" || unit == "B/s";
}

bool is_number_format(const std::string& format) {
  if (format.empty() || format == "si") return true;
  try {
    return fmt::format(fmt::runtime(format), 1.5) != format;
  } catch (const fmt::format_error&) {
    return false;
  }
}

TableEntry number_entry(double value, std::optional<double> half_width, const std::string& format,
                        const std::string& unit) {
  if (!std::isfinite(value)) return {.text = "overflow"};  // of finite numbers, whose sum is none
  if (half_width && !std::isfinite(*half_width)) half_width.reset();
  TableEntry entry;
  entry.value = value;
  entry.half_width = half_width;
  // Digits that count from the first one, as of {:.3g}, would leave value and width with other last places.
  const bool plain = format.empty() || (half_width && format.ends_with("g}"));
  if (plain || format == "si") {
    const Prefix& prefix = plain ? unscaled : prefix_for(value);
    if (half_width) *half_width /= prefix.factor;
    const int decimals = common_decimals(value / prefix.factor, half_width);
    entry.text = fixed_text(value / prefix.factor, decimals);
    if (half_width) entry.half_width_text = fixed_text(*half_width, decimals);
    const std::string word = plain ? "" : prefix.symbol + unit;
    if (!word.empty()) entry.suffix = " " + word;
  } else {
    const std::string shown = half_width ? format_that_shows(*half_width, format) : format;
    entry.text = fmt::format(fmt::runtime(shown), value);
    if (half_width) entry.half_width_text = fmt::format(fmt::runtime(shown), *half_width);
    if (entry.half_width_text.starts_with('+')) entry.half_width_text.erase(0, 1);  // a width has no sign
  }
  return entry;
}

namespace {

void put_prefix_into_heading(Table& table, std::size_t column) {
  Heading& heading = table.headings[column];
  std::vector<double> sizes;
  for (const TableRow& row : table.rows)
    if (const auto value = row.entries[column].value; value && *value != 0) sizes.push_back(std::abs(*value));
  if (sizes.empty()) return;
  std::ranges::sort(sizes);
  constexpr double widest_range = 1e6;  // beyond it no prefix suits all
  if (sizes.back() > widest_range * sizes.front()) return;
  const Prefix& prefix = prefix_for(sizes[sizes.size() / 2]);
  for (TableRow& row : table.rows) {
    TableEntry& entry = row.entries[column];
    if (!entry.value) continue;
    const auto scaled = [&](std::optional<double> value) {
      return value ? std::optional(*value / prefix.factor) : value;
    };
    const std::string own = number_entry(*entry.value, {}, "si", heading.unit).suffix;
    const TableEntry number = number_entry(*scaled(entry.value), scaled(entry.half_width), "", "");
    entry.text = number.text, entry.half_width_text = number.half_width_text;
    entry.value = number.value, entry.half_width = number.half_width;
    for (double& draw : entry.draws) draw /= prefix.factor;
    if (entry.suffix.starts_with(own)) entry.suffix.erase(0, own.size());
  }
  heading.unit = prefix.symbol + heading.unit;
  heading.unit_in_entries = false;
}

}  // namespace

void put_prefixes_into_headings(Table& table) {
  for (std::size_t column = 0; column < table.headings.size(); ++column)
    if (table.headings[column].unit_in_entries) put_prefix_into_heading(table, column);
}

TableEntry count_entry(std::size_t count) {
  return {.text = std::to_string(count), .value = static_cast<double>(count)};
}

}  // namespace frugal::harness
