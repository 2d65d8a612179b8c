#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/compare/trend.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/figures.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

/// More change points than this are not listed above a table; its rows have them.
constexpr std::size_t most_listed = 20;

std::vector<std::string> all_metrics(const Trend& trend) {
  std::vector<std::string> names;
  for (const TrendSeries& series : trend.series)
    if (std::ranges::find(names, series.metric) == names.end()) names.push_back(series.metric);
  return names;
}

bool changes(const TrendSeries& series) { return std::ranges::any_of(series.points, &TrendPoint::is_change); }

std::string when_of(const Trend& trend, const TrendPoint& point) {
  const Provenance& provenance = trend.runs[point.run]->provenance;
  return trend.by_commit ? value_text(provenance.build.at("commit_date")) : provenance.started;
}

/// "run 3 (2c4444e)": as its rows name it.
std::string run_text(const Trend& trend, const TrendPoint& point) {
  return fmt::format("run {} ({})", point.run + 1, commit_text(trend.runs[point.run]->provenance));
}

std::vector<std::string> change_notes(const Trend& trend, const std::string& metric) {
  std::vector<std::string> notes;
  for (const TrendSeries& series : trend.series)
    for (const TrendPoint& point : series.points)
      if (series.metric == metric && point.is_change)
        notes.push_back(
            fmt::format("{} {}: {} at {}.", series.suite, series.cell, point.change, run_text(trend, point)));
  if (notes.empty()) return {"No change."};
  if (notes.size() > most_listed) {
    const std::size_t others = notes.size() - most_listed;
    notes.resize(most_listed);
    notes.push_back(fmt::format("And {} more.", others));
  }
  return notes;
}

/// "at run 3 (2c4444e): other data", each once: where figures of these metrics have a new reference for another reason
/// than a change.
std::vector<std::string> fresh_starts(const Trend& trend, const std::vector<std::string>& metrics) {
  std::vector<std::string> texts;
  for (const TrendSeries& series : trend.series) {
    if (std::ranges::find(metrics, series.metric) == metrics.end()) continue;
    for (const TrendPoint& point : series.points) {
      if (point.is_change || point.change.empty()) continue;
      std::string text = fmt::format("at {}: {}", run_text(trend, point), point.change);
      if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
  }
  return texts;
}

Table metric_table(const Trend& trend, const std::string& metric) {
  const auto first = std::ranges::find(trend.series, metric, &TrendSeries::metric);
  Table table{.name = "trend", .title = fmt::format("{} over {} runs", metric, trend.runs.size())};
  const bool prefixed = reads_best_with_prefix(first->unit);
  table.headings = {{"suite"},         {"cell"},
                    {"run", "", true}, {trend.by_commit ? "committed" : "started"},
                    {"build"},         {metric, first->unit, true, true, prefixed},
                    {"change"}};
  for (const TrendSeries& series : trend.series) {
    if (series.metric != metric) continue;
    for (const TrendPoint& point : series.points) {
      const Provenance& provenance = trend.runs[point.run]->provenance;
      TableEntry number = count_entry(point.run + 1);
      table.rows.push_back({{{.text = series.suite},
                             {.text = series.cell},
                             std::move(number),
                             {.text = when_of(trend, point)},
                             {.text = commit_text(provenance)},
                             number_entry(point.mean, point.half_width, prefixed ? "si" : "", series.unit),
                             {.text = point.change}},
                            {point.n, machine_text(provenance), build_text(provenance)}});
    }
  }
  table.notes = change_notes(trend, metric);
  if (const std::vector<std::string> starts = fresh_starts(trend, {metric}); !starts.empty())
    table.notes.push_back(fmt::format("Begins anew {}.", fmt::join(starts, "; ")));
  table.caption.emplace_back(
      "Mean over seeds ± half width of the 95% interval. A change: the run is better, worse or changed against the run of "
      "the last change, or the first, by the rule of frugal check. Figures begin anew on another machine, other data or other seeds.");
  for (std::size_t i = 0; i < trend.runs.size(); ++i)
    table.caption.push_back(fmt::format("{}: {}", i + 1, run_sentence(*trend.runs[i])));
  for (const std::size_t key : {0, 1, 2}) table.headings[key].key = true;
  table.figures = column_figures(table, {.x = 2, .y = 5, .series = 1, .lines = true});
  return table;
}

}  // namespace

std::vector<Table> trend_tables(const Trend& trend, const std::vector<std::string>& metrics) {
  const std::vector<std::string> known = all_metrics(trend);
  std::vector<std::string> shown = metrics;
  std::vector<std::string> others;
  for (const std::string& metric : metrics) {
    if (std::ranges::find(known, metric) != known.end()) continue;
    const bool is_time = metric.starts_with("time.");
    throw UserError(is_time ? fmt::format("{}: these runs have no such stage, or every time of theirs was taken beside "
                                          "other work (~ in reports)",
                                          metric)
                            : unknown_word("metric", metric, known));
  }
  if (metrics.empty())
    for (const std::string& metric : known) {
      const bool moved = std::ranges::any_of(
          trend.series, [&](const TrendSeries& series) { return series.metric == metric && changes(series); });
      (moved || metric == "time.total" ? shown : others).push_back(metric);
    }
  // Where nothing else is shown, what begins anew is: else nobody would hear of it.
  if (shown.empty()) {
    const auto anew = std::stable_partition(
        others.begin(), others.end(), [&](const std::string& metric) { return fresh_starts(trend, {metric}).empty(); });
    shown.assign(anew, others.end());
    others.erase(anew, others.end());
  }
  std::vector<Table> tables;
  tables.reserve(shown.size());
  for (const std::string& metric : shown) tables.push_back(metric_table(trend, metric));
  if (!others.empty() && !tables.empty()) {
    std::vector<std::string>& notes = tables.front().notes;
    notes.push_back(fmt::format("Without any change, so without a table: {}.", fmt::join(others, ", ")));
    if (const std::vector<std::string> starts = fresh_starts(trend, others); !starts.empty())
      notes.push_back(fmt::format("Of these some begin anew {}.", fmt::join(starts, "; ")));
  }
  return tables;
}

}  // namespace frugal::harness
