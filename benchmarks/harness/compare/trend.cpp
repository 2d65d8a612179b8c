#include "benchmarks/harness/compare/trend.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "benchmarks/harness/judge/formats/words.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/report/exports/measurements.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

std::string commit_date(const Run& run) {
  const Json* date = cell_value(run.provenance.build, "commit_date");
  return date && date->is_string() ? date->get<std::string>() : "";
}

/// Cell without its seed, and metric: what is one series in all runs, whatever its label in each.
using SeriesKey = std::pair<std::string, std::string>;

std::string cell_key(const Run& run, const std::string& id) {
  const auto record = std::ranges::find(run.cells, id, &CellRecord::id);
  if (record == run.cells.end()) return "";
  Json cell = record->cell.to_json();
  cell.erase("seed");
  return cell.dump();
}

bool same_machine(const Run& a, const Run& b) {
  return machine_id(a.provenance.machine) == machine_id(b.provenance.machine) &&
         threads_text(a.provenance) == threads_text(b.provenance);
}

class TrendMaker {
 public:
  TrendMaker(std::span<const Run> runs, double time_tolerance) : time_tolerance_(time_tolerance) {
    for (const Run& run : runs) trend_.runs.push_back(&run);
    trend_.by_commit = std::ranges::none_of(runs, [](const Run& run) { return commit_date(run).empty(); });
    const auto when = [&](const Run* run) {
      return std::pair(trend_.by_commit ? commit_date(*run) : "", run->provenance.started);
    };
    std::ranges::stable_sort(trend_.runs, {}, when);
  }

  Trend make() {
    label_cells();
    for (std::size_t k = 0; k < trend_.runs.size(); ++k) add_run(k);
    return std::move(trend_);
  }

 private:
  /// One label a cell in all runs.
  void label_cells() {
    std::vector<Json> cells;
    for (const Run* run : trend_.runs)
      for (const CellGroup& group : group_cells(*run))
        if (std::ranges::find(cells, group.cell) == cells.end()) cells.push_back(group.cell);
    std::vector<const Json*> pointers;
    for (const Json& cell : cells) pointers.push_back(&cell);
    const CellLabels of_all(pointers);
    for (const Json& cell : cells) labels_[cell.dump()] = of_all.of(cell);
  }

  void add_run(std::size_t k) {
    const Run& run = *trend_.runs[k];
    for (const Measurement& measurement : measurements_of({&run, 1})) {
      const SeriesKey key{cell_key(run, measurement.id), measurement.metric};
      TrendPoint point{.run = k, .mean = measurement.mean, .half_width = measurement.half_width, .n = measurement.n};
      const auto [known, is_new] = series_.try_emplace(key, trend_.series.size());
      if (is_new) {
        trend_.series.push_back({.suite = measurement.workload + "." + measurement.backend,
                                 .cell = labels_[key.first],
                                 .metric = measurement.metric,
                                 .unit = measurement.unit,
                                 .direction = measurement.direction});
        references_[key] = k;
      } else {
        judge(key, measurement, point);
      }
      trend_.series[known->second].points.push_back(std::move(point));
    }
  }

  void judge(const SeriesKey& key, const Measurement& measurement, TrendPoint& point) {
    std::size_t& reference = references_[key];
    if (is_of_the_machine(measurement.unit) && !same_machine(*trend_.runs[reference], *trend_.runs[point.run])) {
      point.change = "another machine";
      reference = point.run;
      return;
    }
    const std::map<SeriesKey, Finding>& findings = judged(reference, point.run);
    const auto found = findings.find(key);
    if (found == findings.end()) return;
    const Finding& finding = found->second;
    if (finding.verdict != Verdict::better && finding.verdict != Verdict::worse && finding.verdict != Verdict::changed)
      return;
    point.change = verdict_word(finding) + ": " + change_text(finding);
    point.is_change = true;
    reference = point.run;
  }

  const std::map<SeriesKey, Finding>& judged(std::size_t base, std::size_t run) {
    const auto [known, is_new] = judged_.try_emplace({base, run});
    if (is_new) {
      const Run& current = *trend_.runs[run];
      for (Finding& finding : compare_runs(*trend_.runs[base], current, time_tolerance_).findings) {
        SeriesKey key{cell_key(current, finding.id), finding.metric};
        known->second.emplace(std::move(key), std::move(finding));
      }
    }
    return known->second;
  }

  double time_tolerance_;
  Trend trend_;
  std::map<std::string, std::string> labels_;
  std::map<SeriesKey, std::size_t> series_;
  std::map<SeriesKey, std::size_t> references_;  ///< run
  std::map<std::pair<std::size_t, std::size_t>, std::map<SeriesKey, Finding>> judged_;
};

}  // namespace

Trend trend_of(std::span<const Run> runs, double time_tolerance) { return TrendMaker(runs, time_tolerance).make(); }

}  // namespace frugal::harness
