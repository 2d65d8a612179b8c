#include "benchmarks/harness/compare/trend.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "benchmarks/harness/judge/formats/words.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/record/same_conditions.hpp"
#include "benchmarks/harness/report/exports/measurements.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/common_cells.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/same_data.hpp"

namespace frugal::harness {
namespace {

std::string commit_date(const Run& run) {
  const Json* date = cell_value(run.provenance.build, "commit_date");
  return date && date->is_string() ? date->get<std::string>() : "";
}

/// Cell without its seed, and metric: what is one series in all runs, whatever its label in each.
using SeriesKey = std::pair<std::string, std::string>;

std::string cell_key(const CellRecord& record) {
  Json cell = record.cell.to_json();
  cell.erase("seed");
  return cell.dump();
}

std::string cell_key(const Run& run, const std::string& id) {
  const auto record = std::ranges::find(run.cells, id, &CellRecord::id);
  return record == run.cells.end() ? "" : cell_key(*record);
}

bool same_machine(const Run& a, const Run& b) {
  return of_one_machine(a.provenance, b.provenance) && !kernels_difference(a.provenance.machine, b.provenance.machine);
}

/// Adds the cells that read one of the files.
void add_readers(const Run& run, const std::map<std::string, ChangedFile>& files, std::set<std::string>& keys) {
  for (const CellRecord& record : run.cells)
    if (std::ranges::any_of(record.inputs, [&](const InputRecord& input) { return files.contains(input.file); }))
      keys.insert(cell_key(record));
}

/// Did a cell, of one seed, end well in both?
bool shares_cells(const Run& a, const Run& b) {
  std::set<std::string> of_a;
  for (const CellRecord& record : a.cells)
    if (record.status == Status::ok) of_a.insert(same_cell_key(record));
  return std::ranges::any_of(b.cells, [&](const CellRecord& record) {
    return record.status == Status::ok && of_a.contains(same_cell_key(record));
  });
}

Run without(Run run, const std::set<std::string>& keys) {
  std::erase_if(run.cells, [&](const CellRecord& record) { return keys.contains(cell_key(record)); });
  return run;
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
    for (std::size_t k = 0; k < trend_.runs.size(); ++k) {
      note_if_apart(k);
      add_run(k);
    }
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
    pointers.reserve(cells.size());
    for (const Json& cell : cells) pointers.push_back(&cell);
    const CellLabels of_all(pointers);
    for (const Json& cell : cells) labels_[cell.dump()] = of_all.of(cell);
  }

  void note_if_apart(std::size_t k) {
    const Run& run = *trend_.runs[k];
    std::set<std::string> own;
    for (const CellRecord& record : run.cells) own.insert(cell_key(record));
    const bool is_apart =
        k > 0 && std::ranges::none_of(own, [&](const auto& key) { return known_cells_.contains(key); });
    known_cells_.merge(own);
    if (!is_apart || run.cells.empty()) return;
    const Run& before = *trend_.runs[k - 1];
    const std::string apart = settings_apart(before.cells, before.folder.string(), run.cells, run.folder.string());
    trend_.notes.push_back(run.folder.string() + " has none of the cells of the runs before it" +
                           (apart.empty() ? "" : ": " + apart));
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
    const Judged& judged = judge_runs(reference, point.run);
    if (judged.of_other_data.contains(key.first))
      point.change = "other data";
    else if (is_of_the_machine(measurement.unit) && !same_machine(*trend_.runs[reference], *trend_.runs[point.run]))
      point.change = "another machine";
    else if (!judged.seeds_in_common)
      point.change = "other seeds";
    if (!point.change.empty()) {  // this figure begins anew
      reference = point.run;
      return;
    }
    const auto found = judged.findings.find(key);
    if (found == judged.findings.end()) return;
    const Finding& finding = found->second;
    if (finding.verdict != Verdict::better && finding.verdict != Verdict::worse && finding.verdict != Verdict::changed)
      return;
    point.change = verdict_word(finding) + ": " + change_text(finding);
    point.is_change = true;
    reference = point.run;
  }

  /// One run against another.
  struct Judged {
    std::set<std::string> of_other_data{};  ///< cells
    bool seeds_in_common = false;           ///< of any cell; else nothing is judged
    std::map<SeriesKey, Finding> findings{};
  };

  const Judged& judge_runs(std::size_t base_index, std::size_t run_index) {
    const auto [known, is_new] = judged_.try_emplace({base_index, run_index});
    Judged& judged = known->second;
    if (!is_new) return judged;
    const Run& base = *trend_.runs[base_index];
    const Run& run = *trend_.runs[run_index];
    const std::map<std::string, ChangedFile> changed = changed_files(base, run);
    add_readers(base, changed, judged.of_other_data);
    add_readers(run, changed, judged.of_other_data);
    judged.seeds_in_common = shares_cells(base, run);
    Judgement judgement = changed.empty() ? compare_runs(base, run, time_tolerance_)
                                          : compare_runs(without(base, judged.of_other_data),
                                                         without(run, judged.of_other_data), time_tolerance_);
    for (Finding& finding : judgement.findings) {
      SeriesKey key{cell_key(run, finding.id), finding.metric};
      judged.findings.emplace(std::move(key), std::move(finding));
    }
    return judged;
  }

  double time_tolerance_;
  Trend trend_;
  std::set<std::string> known_cells_;  ///< without their seeds, of the runs so far
  std::map<std::string, std::string> labels_;
  std::map<SeriesKey, std::size_t> series_;
  std::map<SeriesKey, std::size_t> references_;  ///< run
  std::map<std::pair<std::size_t, std::size_t>, Judged> judged_;
};

}  // namespace

Trend trend_of(std::span<const Run> runs, double time_tolerance) { return TrendMaker(runs, time_tolerance).make(); }

}  // namespace frugal::harness
