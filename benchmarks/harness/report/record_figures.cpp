#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "benchmarks/harness/report/axis.hpp"
#include "benchmarks/harness/report/column_values.hpp"
#include "benchmarks/harness/report/figure_styles.hpp"
#include "benchmarks/harness/report/figures.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "benchmarks/harness/study/seed_values.hpp"

namespace frugal::harness {
namespace {

using StageValue = ColumnSpec::StageValue;

/// In the order in which they run: that of the cell with the most of them, and what others have beside these.
std::vector<std::string> stages_of(const RowSet& set) {
  std::vector<const CellRecord*> records;
  for (const RowGroup& row : set.rows)
    for (const CellRecord* record : row.finished()) records.push_back(record);
  std::ranges::stable_sort(records, std::greater(), [](const CellRecord* record) { return record->stages.size(); });
  std::vector<std::string> names;
  for (const CellRecord* record : records)
    for (const StageRecord& stage : record->stages)
      if (std::ranges::find(names, stage.name) == names.end()) names.push_back(stage.name);
  return names;
}

/// Of one stage of a row, over its seeds as in the table.
std::optional<Estimate> stage_estimate(const RowGroup& row, const std::string& stage, StageValue value) {
  const ColumnSpec column{.source = ColumnSpec::Source::stage, .name = stage, .stage_value = value};
  std::vector<double> values;
  for (const auto& [unit, of_unit] : column_values(column, row)) values.push_back(of_unit);
  return values.empty() ? std::nullopt : std::optional(estimate(values));
}

/// What tells this row from the others: "10 %, mf/frozen".
std::string varying_labels(const RowSet& set, const RowGroup& row) {
  std::string name;
  for (std::size_t i = 0; i < set.columns.size(); ++i) {
    if (std::ranges::all_of(set.rows, [&](const RowGroup& other) { return other.labels[i] == row.labels[i]; }))
      continue;
    const KeyColumn& column = set.columns[i];
    const std::string unit = column.key.number.unit.value_or("");
    const bool bare = !unit.empty() || (!column.numeric && row.labels[i] != "true" && row.labels[i] != "false");
    name += fmt::format("{}{}{}{}{}", name.empty() ? "" : ", ", bare ? "" : column.title + " ", row.labels[i],
                        unit.empty() ? "" : " ", unit);
  }
  return name.empty() ? "all cells" : name;
}

std::string quantity_text(double value, const std::string& unit) {
  const TableEntry entry = number_entry(value, {}, reads_best_with_prefix(unit) ? "si" : "", unit);
  return entry.text + (entry.suffix.empty() ? " " + unit : entry.suffix);
}

/// The stages of a row.
struct StageBar {
  std::string name;
  std::map<std::string, Estimate> seconds{};

  double total() const {
    double sum = 0;
    for (const auto& [stage, estimate] : seconds) sum += estimate.mean;
    return sum;
  }
  double share(const std::string& stage) const {
    const auto found = seconds.find(stage);
    return found == seconds.end() ? 0 : found->second.mean / total();
  }
};

FigurePoint part_of(const StageBar& bar, const std::string& stage, std::size_t index) {
  const Estimate& seconds = bar.seconds.at(stage);
  const TableEntry entry = number_entry(seconds, "", "s");
  return {
      .at = {seconds.mean, static_cast<double>(index)},
      .detail = fmt::format("{}\n{}: {} s of {}", bar.name, stage, entry_text(entry), quantity_text(bar.total(), "s"))};
}

/// Limits that differ by less than this are one roof, measured twice.
constexpr double same_roof = 1.25;

/// The roofs above the rows: of several measurements of one the highest.
std::vector<DeviceRates> roofs_of(const RowSet& set) {
  std::vector<DeviceRates> roofs;
  const auto alike = [](double a, double b) { return a < same_roof * b && b < same_roof * a; };
  for (const RowGroup& row : set.rows) {
    for (const CellRecord* record : row.finished()) {
      const DeviceRates& limits = record->limits;
      if (!(limits.flops > 0 && limits.bytes > 0)) continue;
      const auto known = std::ranges::find_if(roofs, [&](const DeviceRates& roof) {
        return alike(roof.flops, limits.flops) && alike(roof.bytes, limits.bytes);
      });
      if (known == roofs.end()) {
        roofs.push_back(limits);
      } else {
        known->flops = std::max(known->flops, limits.flops);
        known->bytes = std::max(known->bytes, limits.bytes);
      }
    }
  }
  return roofs;
}

}  // namespace

std::vector<Figure> stage_figures(const Table& table, const RowSet& set) {
  const std::vector<std::string> stages = stages_of(set);
  std::vector<StageBar> bars;
  for (const RowGroup& row : set.rows) {
    StageBar bar{.name = varying_labels(set, row)};
    for (const std::string& stage : stages)
      if (const auto seconds = stage_estimate(row, stage, StageValue::time)) bar.seconds[stage] = *seconds;
    if (!bar.seconds.empty()) bars.push_back(std::move(bar));
  }
  if (bars.empty()) return {};
  Figure figure{.title = "Time per stage", .series_title = "stage"};
  figure.origin = origin_text(table);
  if (bars.size() > most_bars) {
    figure.origin += fmt::format("; the first {} of {} rows", most_bars, bars.size());
    bars.resize(most_bars);
  }
  if (std::ranges::any_of(set.rows, [](const RowGroup& row) {
        return std::ranges::any_of(row.finished(), [](const CellRecord* record) { return !record->is_quiet(); });
      }))
    figure.origin += "; some of it measured beside other work";
  FigureSeries rest{.name = "other"};
  for (const std::string& stage : stages) {
    const bool visible = std::ranges::any_of(bars, [&](const StageBar& bar) { return bar.share(stage) >= 0.01; });
    FigureSeries series{.name = stage};
    for (std::size_t i = 0; i < bars.size(); ++i)
      if (bars[i].seconds.contains(stage)) (visible ? series : rest).points.push_back(part_of(bars[i], stage, i));
    if (!series.points.empty()) figure.series.push_back(std::move(series));
  }
  if (!rest.points.empty()) figure.series.push_back(std::move(rest));
  std::vector<double> totals{0};
  for (const StageBar& bar : bars) {
    figure.bars.push_back(bar.name);
    totals.push_back(bar.total());
  }
  figure.x = make_axis({.title = "time", .unit = "s"}, totals, false, false);
  figure.y = {.low = static_cast<double>(bars.size()) - 0.5, .high = -0.5};
  return {figure};
}

std::vector<Figure> roofline_figures(const Table& table, const RowSet& set) {
  const std::vector<DeviceRates> roofs = roofs_of(set);
  if (roofs.empty()) return {};
  Figure figure{.title = "Roofline: rate of each stage, and what the device allows"};
  figure.series_title = "stage";
  std::vector<double> xs, ys;
  std::vector<std::string> rows;
  for (const std::string& stage : stages_of(set)) {
    FigureSeries series{.name = stage};
    for (const RowGroup& row : set.rows) {
      const auto flops = stage_estimate(row, stage, StageValue::flops);
      const auto bytes = stage_estimate(row, stage, StageValue::bytes);
      const auto rate = stage_estimate(row, stage, StageValue::flop_rate);
      if (!flops || !bytes || !rate) continue;
      const auto bound = stage_estimate(row, stage, StageValue::bound);
      FigurePoint point{.at = {flops->mean / bytes->mean, rate->mean}, .half_width = rate->half_width.value_or(0)};
      point.detail = fmt::format("{}\n{}: {}, {}", varying_labels(set, row), stage, quantity_text(rate->mean, "FLOP/s"),
                                 quantity_text(point.at.x, "FLOP/B"));
      if (bound) point.detail += fmt::format("\n{:.0f} % of its bound", bound->mean);
      xs.push_back(point.at.x);
      ys.push_back(point.at.y);
      series.points.push_back(std::move(point));
      rows.push_back(varying_labels(set, row));
    }
    if (!series.points.empty()) figure.series.push_back(std::move(series));
  }
  if (xs.empty()) return {};
  if (figure.series.size() == 1 && rows.size() > 1 && rows.size() <= series_style_count) {
    // All of one stage: the rows are what there is to tell apart.
    figure.series_title = figure.series.front().name;
    const std::vector<FigurePoint> points = std::move(figure.series.front().points);
    figure.series.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) figure.series.push_back({.name = rows[i], .points = {points[i]}});
  }
  for (const DeviceRates& roof : roofs) {
    xs.push_back(roof.flops / roof.bytes);
    xs.push_back(roof.flops / roof.bytes / 4);  // some of the slope where memory binds, left of the ridge
    ys.push_back(roof.flops);
  }
  figure.x = make_axis({.title = "arithmetic intensity", .unit = "FLOP/B"}, xs, true, false);
  figure.y = make_axis({.title = "rate", .unit = "FLOP/s"}, ys, true, false);
  for (const DeviceRates& roof : roofs) {
    const double ridge = roof.flops / roof.bytes;
    const double first = std::max(figure.x.low, figure.y.low / roof.bytes);
    figure.curves.push_back(
        {fmt::format("limit: {}, {}", quantity_text(roof.flops, "FLOP/s"), quantity_text(roof.bytes, "B/s")),
         {{first, first * roof.bytes}, {ridge, roof.flops}, {figure.x.high, roof.flops}}});
  }
  figure.origin = origin_text(table);
  return {figure};
}

}  // namespace frugal::harness
