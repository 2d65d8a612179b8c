// `frugal compare A B`: two machines, two back ends or two commits side by side.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/study/joined_cells.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

std::string better_word(const MetricDescriptor* metric) {
  const bool has_better = metric && metric->direction != MetricDescriptor::Direction::informative;
  return has_better ? std::string(to_word(better_names, metric->direction)) : "";
}

/// Rows have different units, so each entry says its own.
TableEntry compared_entry(const MetricDescriptor* metric, const std::vector<double>& values) {
  if (metric && reads_best_with_prefix(metric->unit)) return number_entry(estimate(values), "si", metric->unit);
  const bool format_is_good = metric && is_number_format(metric->format);
  TableEntry entry = number_entry(estimate(values), format_is_good ? metric->format : "", "");
  if (metric && !metric->unit.empty()) entry.suffix += " " + metric->unit;
  return entry;
}

class Comparer {
 public:
  Comparer(const Run& a, const Run& b) : a_(a), b_(b), joined_(join_runs(a, b)) {}

  std::vector<Table> tables() {
    Table times = time_table();
    Table metrics = metric_table();
    // What the metrics have to say must not vanish with a table that has no row.
    if (metrics.rows.empty()) times.notes.insert(times.notes.end(), metrics.notes.begin(), metrics.notes.end());
    add_frame(times, "");
    add_frame(metrics, "; seed by seed for the last column");
    add_clocks(times);
    if (has_disturbed(times)) times.caption.emplace_back(disturbed_sentence);
    std::vector<Table> tables{std::move(times), std::move(metrics)};
    std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
    return tables;
  }

 private:
  const MetricDescriptor* descriptor(const std::string& name) const {
    const MetricDescriptor* metric = a_.provenance.metric(name);
    return metric ? metric : b_.provenance.metric(name);
  }

  Table time_table() const {
    Table table{.name = "compare-time", .title = "Time of A and B"};
    table.headings = {{"cell"},
                      {"stage"},
                      {"n", "", true},
                      {"A", "s", true, true},
                      {"B", "s", true, true},
                      {"B faster than A", "x", true}};
    std::vector<std::pair<std::string, std::vector<double>>> by_stage;  // one mean a cell
    bool any_disturbed = false;
    for (const JoinedCell& cell : joined_.cells) {
      for (const std::string& stage : shared_stages(cell)) {
        std::vector<double> times_a, times_b, ratios;
        bool disturbed_a = false, disturbed_b = false;
        for (const auto& [a, b] : cell.seeds) {
          const std::optional<double> time_a = stage_seconds(*a, stage);
          const std::optional<double> time_b = stage_seconds(*b, stage);
          if (!time_a || !time_b || !(*time_a > 0) || !(*time_b > 0)) continue;
          times_a.push_back(*time_a);
          times_b.push_back(*time_b);
          ratios.push_back(*time_a / *time_b);
          disturbed_a = disturbed_a || !a->is_quiet();
          disturbed_b = disturbed_b || !b->is_quiet();
        }
        if (ratios.empty()) continue;
        add_row(table, ratios.size(),
                {{.text = cell.label},
                 {.text = stage},
                 count_entry(ratios.size()),
                 number_entry(estimate(times_a), "", ""),
                 number_entry(estimate(times_b), "", ""),
                 number_entry(geometric_mean(ratios), {}, "", "")});
        std::vector<TableEntry>& entries = table.rows.back().entries;
        entries[3].disturbed = disturbed_a;
        entries[4].disturbed = disturbed_b;
        entries[5].disturbed = disturbed_a || disturbed_b;
        any_disturbed = any_disturbed || entries[5].disturbed;
        auto known = std::ranges::find(by_stage, stage, &decltype(by_stage)::value_type::first);
        if (known == by_stage.end()) known = by_stage.insert(by_stage.end(), {stage, {}});
        known->second.push_back(geometric_mean(ratios));
      }
    }
    // The total comes last in the summary, whichever cell had it first.
    std::stable_partition(by_stage.begin(), by_stage.end(), [](const auto& entry) { return entry.first != "total"; });
    for (const auto& [stage, ratios] : by_stage) {
      add_row(table, 0,
              {{.text = fmt::format("geometric mean of {} cells", ratios.size())},
               {.text = stage},
               {.text = ""},
               {.text = ""},
               {.text = ""},
               number_entry(geometric_mean(ratios), {}, "", "")});
      table.rows.back().entries.back().disturbed = any_disturbed;
    }
    return table;
  }

  /// In order of appearance, the total last.
  static std::vector<std::string> shared_stages(const JoinedCell& cell) {
    std::vector<std::string> stages;
    for (const auto& [a, b] : cell.seeds) {
      for (const StageRecord& stage : a->stages) {
        if (b->stage(stage.name) && std::ranges::find(stages, stage.name) == stages.end()) stages.push_back(stage.name);
      }
    }
    stages.emplace_back("total");
    return stages;
  }

  Table metric_table() const {
    Table table{.name = "compare-metrics", .title = "Metrics of A and B"};
    table.headings = {{"cell"},
                      {"metric"},
                      {"better is"},
                      {"n", "", true},
                      {"A", "", true, true},
                      {"B", "", true, true},
                      {"B - A", "", true, true}};
    std::set<std::string> equal;
    std::set<std::string> one_sided;
    for (const JoinedCell& cell : joined_.cells) {
      for (const std::string& name : metrics_of(cell)) {
        std::vector<double> values_a, values_b, differences;
        for (const auto& [a, b] : cell.seeds) {
          const std::optional<double> of_a = metric_value(*a, name);
          const std::optional<double> of_b = metric_value(*b, name);
          if (!of_a || !of_b) continue;
          values_a.push_back(*of_a);
          values_b.push_back(*of_b);
          differences.push_back(*of_b - *of_a);
        }
        if (values_a.empty()) {
          const bool in_a =
              std::ranges::any_of(cell.seeds, [&](const auto& pair) { return pair.first->metrics.contains(name); });
          one_sided.insert(fmt::format("metric {}: only in {}.", name, in_a ? "A" : "B"));
          continue;
        }
        const MetricDescriptor* metric = descriptor(name);
        // What is the same everywhere, such as FLOPs, only hides what is not.
        if (better_word(metric).empty() && std::ranges::count(differences, 0.0) == std::ssize(differences)) {
          equal.insert(name);
          continue;
        }
        add_row(table, values_a.size(),
                {{.text = cell.label},
                 {.text = name},
                 {.text = better_word(metric)},
                 count_entry(values_a.size()),
                 compared_entry(metric, values_a),
                 compared_entry(metric, values_b),
                 compared_entry(metric, differences)});
        TableEntry& difference = table.rows.back().entries.back();
        if (*difference.value > 0) difference.text.insert(0, "+");
      }
    }
    if (!equal.empty())
      table.notes.push_back(fmt::format("Left out where both sides are equal: {}.", fmt::join(equal, ", ")));
    table.notes.insert(table.notes.end(), one_sided.begin(), one_sided.end());
    return table;
  }

  static std::set<std::string> metrics_of(const JoinedCell& cell) {
    std::set<std::string> names;
    for (const auto& [a, b] : cell.seeds) {
      for (const CellRecord* record : {a, b}) {
        for (const auto& [name, value] : record->metrics) names.insert(name);
      }
    }
    return names;
  }

  /// A row stands for two machines; the sides' names stand for them.
  void add_row(Table& table, std::size_t n, std::vector<TableEntry> entries) const {
    table.rows.push_back(
        {std::move(entries),
         {static_cast<int>(n), "A: " + machine_text(a_.provenance) + "; B: " + machine_text(b_.provenance),
          "A: " + build_text(a_.provenance) + "; B: " + build_text(b_.provenance)}});
  }

  /// `of_interval`: what else is to be said of it.
  void add_frame(Table& table, const char* of_interval) const {
    std::size_t seeds = 0;
    std::size_t unfinished = 0;
    for (const JoinedCell& cell : joined_.cells) {
      seeds += cell.seeds.size();
      unfinished += cell.unfinished;
      if (cell.seeds.empty()) table.notes.push_back(cell.label + ": no seed ended well on both sides.");
    }
    table.notes.push_back(fmt::format("{} cells joined; {} only in A, {} only in B, {} did not end well on both sides.",
                                      seeds, joined_.only_a, joined_.only_b, unfinished));
    if (joined_.of_unknown_data > 0)
      table.notes.push_back(
          fmt::format("Of {} cells one side does not say which data it read (records of an older "
                      "program): that both read the same is not known.",
                      joined_.of_unknown_data));
    table.caption.push_back("A: " + run_sentence(a_));
    table.caption.push_back("B: " + run_sentence(b_));
    table.caption.push_back(
        fmt::format("Means over the n seeds that both have ± half width of the 95% interval (Student t{}); with n = 1 "
                    "there is no interval.",
                    of_interval));
  }

  void add_clocks(Table& table) const {
    table.caption.push_back(
        "Times: wall clock, median over the repeats of a seed; B faster than A: geometric mean over the seeds of time "
        "of A / time of B, without an interval.");
    std::set<std::string> clocks;
    for (const Run* run : {&a_, &b_}) {
      for (const auto& [workload, clock] : run->provenance.clocks) {
        if (clocks.insert(clock).second) table.caption.push_back(clock);
      }
    }
  }

  const Run& a_;
  const Run& b_;
  const JoinedRuns joined_;
};

}  // namespace

std::vector<Table> compare_runs(const Run& a, const Run& b) { return Comparer(a, b).tables(); }

}  // namespace frugal::harness
