#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

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

/// The columns without which two rows would have one name, from the left.
std::vector<std::size_t> naming_columns(const RowSet& set) {
  std::vector<std::size_t> columns;
  std::map<const RowGroup*, std::string> names;
  std::size_t different = 1;
  for (std::size_t i = 0; i < set.columns.size(); ++i) {
    std::set<std::string> longer;
    for (const RowGroup& row : set.rows) longer.insert(names[&row] + '\n' + row.labels[i]);
    if (longer.size() == different) continue;
    different = longer.size();
    columns.push_back(i);
    for (const RowGroup& row : set.rows) names[&row] += '\n' + row.labels[i];
  }
  return columns;
}

/// What tells each row from the others: "10 %, mf/frozen".
std::vector<std::string> row_names(const RowSet& set) {
  const std::vector<std::size_t> columns = naming_columns(set);
  std::vector<std::string> names;
  for (const RowGroup& row : set.rows) {
    std::string name;
    for (const std::size_t i : columns) {
      const KeyColumn& column = set.columns[i];
      const std::string unit = column.key.number.unit.value_or("");
      const bool bare = !unit.empty() || (!column.numeric && row.labels[i] != "true" && row.labels[i] != "false");
      const std::string title = column.title.substr(column.title.rfind('.') + 1);  // "interactions" of the data set
      name += fmt::format("{}{}{}{}{}", name.empty() ? "" : ", ", bare ? "" : title + " ", row.labels[i],
                          unit.empty() ? "" : " ", unit);
    }
    names.push_back(name.empty() ? "all cells" : name);
  }
  return names;
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

bool is_roof(const DeviceRates& roof, const DeviceRates& limits) {
  const auto alike = [](double a, double b) { return a < same_roof * b && b < same_roof * a; };
  return alike(roof.flops, limits.flops) && alike(roof.bytes, limits.bytes);
}

/// The roofs above the rows: of several measurements of one the highest.
std::vector<DeviceRates> roofs_of(const RowSet& set) {
  std::vector<DeviceRates> roofs;
  for (const RowGroup& row : set.rows) {
    for (const CellRecord* record : row.finished()) {
      const DeviceRates& limits = record->limits;
      if (!(limits.flops > 0 && limits.bytes > 0)) continue;
      const auto known = std::ranges::find_if(roofs, [&](const DeviceRates& roof) { return is_roof(roof, limits); });
      if (known == roofs.end()) {
        roofs.push_back(limits);
      } else {
        known->flops = std::max(known->flops, limits.flops);
        for (const auto rate : {&DeviceRates::bytes, &DeviceRates::l1, &DeviceRates::l2, &DeviceRates::l3})
          (*known).*rate = std::max((*known).*rate, limits.*rate);
      }
    }
  }
  return roofs;
}

/// One stage of one row.
struct RooflinePoint {
  std::string row;
  std::string stage;
  std::size_t roof;
  FigurePoint point;
};

std::vector<RooflinePoint> roofline_points(const RowSet& set, std::span<const DeviceRates> roofs) {
  const std::vector<std::string> names = row_names(set);
  std::vector<RooflinePoint> points;
  for (const std::string& stage : stages_of(set)) {
    for (std::size_t i = 0; i < set.rows.size(); ++i) {
      const RowGroup& row = set.rows[i];
      if (row.finished().empty()) continue;
      const auto flops = stage_estimate(row, stage, StageValue::flops);
      const auto bytes = stage_estimate(row, stage, StageValue::bytes);
      const auto rate = stage_estimate(row, stage, StageValue::flop_rate);
      const auto bound = stage_estimate(row, stage, StageValue::bound);
      const auto roof = std::ranges::find_if(
          roofs, [&](const DeviceRates& one) { return is_roof(one, row.finished().front()->limits); });
      if (!flops || !bytes || !rate || roof == roofs.end()) continue;
      FigurePoint point{.at = {flops->mean / bytes->mean, rate->mean}, .half_width = rate->half_width.value_or(0)};
      point.detail = fmt::format("{}\n{}: {}, {}", names[i], stage, quantity_text(rate->mean, "FLOP/s"),
                                 quantity_text(point.at.x, "FLOP/B"));
      if (bound) point.detail += fmt::format("\n{:.0f} % of its bound", bound->mean);
      points.push_back({names[i], stage, static_cast<std::size_t>(roof - roofs.begin()), std::move(point)});
    }
  }
  return points;
}

/// A cache that was measured, and the arithmetic intensity below which it binds.
struct CacheLevel {
  const char* name;
  double bytes;
  double ridge;
};

std::vector<CacheLevel> cache_levels(const DeviceRates& roof) {
  std::vector<CacheLevel> levels;
  for (const auto& [name, bytes] : {std::pair{"L3", roof.l3}, {"L2", roof.l2}, {"L1", roof.l1}})
    if (bytes > 0) levels.push_back({name, bytes, roof.flops / bytes});
  return levels;
}

/// Their slopes, above that of memory, as far as the figure shows them.
void add_cache_limits(const DeviceRates& roof, Figure& figure) {
  for (const CacheLevel& level : cache_levels(roof)) {
    const double first = std::max(figure.x.low, figure.y.low / level.bytes);
    figure.curves.push_back({fmt::format("if all came from {}: {}", level.name, quantity_text(level.bytes, "B/s")),
                             {{first, first * level.bytes}, {level.ridge, roof.flops}}});
  }
}

/// Does a limit of sines belong to what a stage of these counts?
bool counts_sines(const RowSet& set) {
  return std::ranges::any_of(set.rows, [](const RowGroup& row) {
    return std::ranges::any_of(row.finished(), [](const CellRecord* record) {
      return record->limits.sines > 0 &&
             std::ranges::any_of(record->stages, [](const StageRecord& stage) { return stage.sines > 0; });
    });
  });
}

/// Of the first cell of the row that has it; null: none.
const LossCurve* curve_of(const RowGroup& row, const std::string& name) {
  for (const CellRecord* record : row.finished()) {
    const auto found = std::ranges::find(record->curves, name, &LossCurve::name);
    if (found != record->curves.end() && found->steps.size() > 1) return &*found;
  }
  return nullptr;
}

FigureSeries loss_series(const std::string& row, const LossCurve& curve) {
  FigureSeries series{.name = row};
  for (std::size_t i = 0; i < curve.steps.size(); ++i)
    series.points.push_back({.at = {curve.steps[i], curve.losses[i]},
                             .detail = fmt::format("{}\n{:g}: {:.4g}", row, curve.steps[i], curve.losses[i])});
  return series;
}

Figure loss_figure(const Table& table, const std::string& name, std::vector<FigureSeries> series) {
  Figure figure{.title = "Loss during " + name, .series_title = name, .lines = true};
  figure.origin = origin_text(table);
  if (series.size() > most_loss_lines) {
    figure.origin += fmt::format("; the first {} of {} rows", most_loss_lines, series.size());
    series.resize(most_loss_lines);
  }
  figure.series = std::move(series);
  std::vector<double> xs, ys;
  for (const FigureSeries& one : figure.series) {
    for (const FigurePoint& point : one.points) {
      xs.push_back(point.at.x);
      ys.push_back(point.at.y);
    }
  }
  const bool logarithmic = std::ranges::all_of(ys, [](double y) { return y > 0; });
  figure.x = make_axis({.title = "steps or epochs"}, xs, false, false);
  figure.y = make_axis({.title = "loss"}, ys, logarithmic, false);
  return figure;
}

}  // namespace

std::vector<Figure> stage_figures(const Table& table, const RowSet& set) {
  const std::vector<std::string> stages = stages_of(set);
  const std::vector<std::string> names = row_names(set);
  std::vector<StageBar> bars;
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    StageBar bar{.name = names[i]};
    for (const std::string& stage : stages)
      if (const auto seconds = stage_estimate(set.rows[i], stage, StageValue::time)) bar.seconds[stage] = *seconds;
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
        return std::ranges::any_of(row.finished(),
                                   [](const CellRecord* record) { return !record->disowned && !record->is_quiet(); });
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
  std::vector<RooflinePoint> points = roofline_points(set, roofs);
  if (points.empty()) return {};
  Figure figure{.title = "Roofline: rate of each stage, and what the device allows"};
  const bool one_stage =
      std::ranges::all_of(points, [&](const RooflinePoint& point) { return point.stage == points.front().stage; });
  const bool rows_differ = one_stage && points.size() > 1 && points.size() <= series_style_count;
  figure.series_title = rows_differ ? points.front().stage : "stage";
  std::vector<double> xs, ys;
  for (RooflinePoint& point : points) {
    std::string name = rows_differ ? point.row : point.stage;
    if (!rows_differ && roofs.size() > 1) name += " below " + quantity_text(roofs[point.roof].flops, "FLOP/s");
    auto series = std::ranges::find(figure.series, name, &FigureSeries::name);
    if (series == figure.series.end()) series = figure.series.insert(series, {.name = name});
    xs.push_back(point.point.at.x);
    for (const double sign : {-1, 1}) ys.push_back(point.point.at.y + sign * point.point.half_width);
    if (!(ys[ys.size() - 2] > 0)) ys[ys.size() - 2] = point.point.at.y;
    series->points.push_back(std::move(point.point));
  }
  for (const DeviceRates& roof : roofs) {
    const double ridge = roof.flops / roof.bytes;  // left of it memory binds, right of it arithmetic
    xs.push_back(ridge);
    xs.push_back(ridge / 4);  // some of the slope
    ys.push_back(roof.flops);
    if (roofs.size() == 1)
      for (const CacheLevel& level : cache_levels(roof)) xs.push_back(level.ridge / 2);
  }
  figure.x = make_axis({.title = "arithmetic intensity", .unit = "FLOP/B"}, xs, true, false);
  figure.y = make_axis({.title = "rate", .unit = "FLOP/s"}, ys, true, false);
  for (const DeviceRates& roof : roofs) {
    const double first = std::max(figure.x.low, figure.y.low / roof.bytes);
    figure.curves.push_back(
        {fmt::format("limit: {}, {}", quantity_text(roof.flops, "FLOP/s"), quantity_text(roof.bytes, "B/s")),
         {{first, first * roof.bytes}, {roof.flops / roof.bytes, roof.flops}, {figure.x.high, roof.flops}}});
  }
  if (roofs.size() == 1) add_cache_limits(roofs.front(), figure);
  figure.origin = origin_text(table);
  if (counts_sines(set)) figure.origin += "; that sines may bind before both is not drawn";
  return {figure};
}

std::vector<Figure> loss_figures(const Table& table, const RowSet& set) {
  const std::vector<std::string> names = row_names(set);
  std::vector<std::string> curves;
  for (const RowGroup& row : set.rows)
    for (const CellRecord* record : row.finished())
      for (const LossCurve& curve : record->curves)
        if (std::ranges::find(curves, curve.name) == curves.end()) curves.push_back(curve.name);
  std::vector<Figure> figures;
  for (const std::string& name : curves) {
    std::vector<FigureSeries> series;
    for (std::size_t i = 0; i < set.rows.size(); ++i)
      if (const LossCurve* curve = curve_of(set.rows[i], name)) series.push_back(loss_series(names[i], *curve));
    if (!series.empty()) figures.push_back(loss_figure(table, name, std::move(series)));
  }
  return figures;
}

}  // namespace frugal::harness
