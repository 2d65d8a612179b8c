// `frugal compare A B`: two machines, two back ends or two commits side by side.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// One cell of A and of B that differ in back end and machine only, with the seeds that ended well on both sides.
struct JoinedCell {
  const CellGroup* a;
  const CellGroup* b;
  std::vector<std::pair<const CellRecord*, const CellRecord*>> seeds;
  std::size_t unfinished = 0;  ///< seeds on both sides of which one did not end well
  std::string label;
};

std::set<std::string> backends_of(const std::vector<CellGroup>& groups) {
  std::set<std::string> names;
  for (const CellGroup& group : groups) names.insert(value_text(group.cell.at("backend")));
  return names;
}

Json cell_without_backend(const CellGroup& group) {
  Json cell = group.cell;
  cell.erase("backend");
  return cell;
}

class Comparer {
 public:
  Comparer(const Run& a, const Run& b) : a_(a), b_(b), groups_a_(group_cells(a)), groups_b_(group_cells(b)) { join(); }

  std::vector<Table> tables() {
    std::vector<Table> tables{times(), metrics()};
    // What the metrics have to say must not vanish with a table that has no row.
    if (tables[1].rows.empty())
      tables[0].notes.insert(tables[0].notes.end(), tables[1].notes.begin(), tables[1].notes.end());
    std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
    for (Table& table : tables) {
      for (const JoinedCell& cell : joined_) {
        if (!cell.seeds.empty()) continue;
        table.notes.push_back(cell.label + ": no seed ended well on both sides.");
      }
      add_frame(table);
    }
    return tables;
  }

 private:
  void join() {
    const std::set<std::string> backends_a = backends_of(groups_a_);
    const std::set<std::string> backends_b = backends_of(groups_b_);
    const bool on_backend =
        std::ranges::any_of(backends_a, [&](const std::string& name) { return backends_b.contains(name); });
    std::set<const CellGroup*> met;
    for (const CellGroup& a : groups_a_) {
      bool found = false;
      for (const CellGroup& b : groups_b_) {
        if (on_backend ? a.cell != b.cell : cell_without_backend(a) != cell_without_backend(b)) continue;
        found = true;
        met.insert(&b);
        add_pair(a, b);
      }
      if (!found) only_a_ += a.records.size();
    }
    for (const CellGroup& b : groups_b_) {
      if (!met.contains(&b)) only_b_ += b.records.size();
    }
    if (std::ranges::all_of(joined_, [](const JoinedCell& cell) { return cell.seeds.empty(); })) {
      throw UserError(fmt::format(
          "nothing to compare: no cell with the same workload, data set, parameters and seed ended well in both {} "
          "(back ends: {}) and {} (back ends: {})",
          a_.folder.string(), fmt::join(backends_a, ", "), b_.folder.string(), fmt::join(backends_b, ", ")));
    }
    label_cells();
  }

  void add_pair(const CellGroup& a, const CellGroup& b) {
    JoinedCell cell{&a, &b, {}, 0, {}};
    for (const CellRecord* record : a.records) {
      const CellRecord* partner = b.with_seed(record->cell.seed);
      if (!partner)
        ++only_a_;
      else if (record->status != Status::ok || partner->status != Status::ok)
        ++cell.unfinished;
      else
        cell.seeds.emplace_back(record, partner);
    }
    for (const CellRecord* record : b.records) only_b_ += a.with_seed(record->cell.seed) ? 0 : 1;
    joined_.push_back(std::move(cell));
  }

  void label_cells() {
    std::vector<const Json*> cells;
    for (const JoinedCell& cell : joined_) cells.push_back(&cell.a->cell);
    const std::vector<std::string> varying = varying_paths(cells);
    for (JoinedCell& cell : joined_) {
      const std::string a = value_text(cell.a->cell.at("backend"));
      const std::string b = value_text(cell.b->cell.at("backend"));
      cell.label = fmt::format("{} {} {}", value_text(cell.a->cell.at("workload")), a == b ? a : a + " → " + b,
                               describe_cell(cell.a->cell, varying));
    }
  }

  const MetricDescriptor* descriptor(const std::string& name) const {
    const MetricDescriptor* metric = a_.provenance.metric(name);
    return metric ? metric : b_.provenance.metric(name);
  }

  Table times() const {
    Table table{.name = "compare-time", .title = "Time of A and B"};
    table.headings = {{"cell"},
                      {"stage"},
                      {"n", "", true},
                      {"A", "s", true, true},
                      {"B", "s", true, true},
                      {"B faster than A", "x", true}};
    std::vector<std::pair<std::string, std::vector<double>>> by_stage;  // one mean a cell
    for (const JoinedCell& cell : joined_) {
      std::vector<std::string> stages;
      for (const auto& [a, b] : cell.seeds) {
        for (const StageRecord& stage : a->stages) {
          if (b->stage(stage.name) && std::ranges::find(stages, stage.name) == stages.end()) {
            stages.push_back(stage.name);
          }
        }
      }
      stages.emplace_back("total");
      for (const std::string& stage : stages) {
        std::vector<double> times_a, times_b, ratios;
        for (const auto& [a, b] : cell.seeds) {
          const std::optional<double> time_a = stage_seconds(*a, stage);
          const std::optional<double> time_b = stage_seconds(*b, stage);
          if (!time_a || !time_b || !(*time_a > 0) || !(*time_b > 0)) continue;
          times_a.push_back(*time_a);
          times_b.push_back(*time_b);
          ratios.push_back(*time_a / *time_b);
        }
        if (ratios.empty()) continue;
        add_row(table, {{.text = cell.label},
                        {.text = stage},
                        count_entry(ratios.size()),
                        number_entry(mean(times_a), half_width_95(times_a), "", ""),
                        number_entry(mean(times_b), half_width_95(times_b), "", ""),
                        number_entry(geometric_mean(ratios), {}, "", "")});
        auto known = std::ranges::find(by_stage, stage, &decltype(by_stage)::value_type::first);
        if (known == by_stage.end()) known = by_stage.insert(by_stage.end(), {stage, {}});
        known->second.push_back(geometric_mean(ratios));
      }
    }
    // The total comes last in the summary, whichever cell had it first.
    std::stable_partition(by_stage.begin(), by_stage.end(), [](const auto& entry) { return entry.first != "total"; });
    for (const auto& [stage, ratios] : by_stage) {
      add_row(table, {{.text = fmt::format("geometric mean of {} cells", ratios.size())},
                      {.text = stage},
                      {.text = ""},
                      {.text = ""},
                      {.text = ""},
                      number_entry(geometric_mean(ratios), {}, "", "")});
    }
    return table;
  }

  Table metrics() const {
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
    for (const JoinedCell& cell : joined_) {
      std::set<std::string> names;
      for (const auto& [a, b] : cell.seeds) {
        for (const CellRecord* record : {a, b}) {
          for (const auto& [name, value] : record->metrics) names.insert(name);
        }
      }
      for (const std::string& name : names) {
        std::vector<double> values_a, values_b, differences;
        for (const auto& [a, b] : cell.seeds) {
          if (!a->metrics.contains(name) || !b->metrics.contains(name)) continue;
          values_a.push_back(a->metrics.at(name));
          values_b.push_back(b->metrics.at(name));
          differences.push_back(values_b.back() - values_a.back());
        }
        if (values_a.empty()) {
          const bool in_a =
              std::ranges::any_of(cell.seeds, [&](const auto& pair) { return pair.first->metrics.contains(name); });
          one_sided.insert(fmt::format("metric {}: only in {}.", name, in_a ? "A" : "B"));
          continue;
        }
        const MetricDescriptor* metric = descriptor(name);
        // FLOPs and the like are analytic: what is the same everywhere only hides what is not.
        if (better_word(metric).empty() && std::ranges::count(differences, 0.0) == std::ssize(differences)) {
          equal.insert(name);
          continue;
        }
        add_row(table, {{.text = cell.label},
                        {.text = name},
                        {.text = better_word(metric)},
                        count_entry(values_a.size()),
                        metric_entry(metric, values_a),
                        metric_entry(metric, values_b),
                        metric_entry(metric, differences)});
        TableEntry& difference = table.rows.back().entries.back();
        if (*difference.value > 0) difference.text.insert(0, "+");
      }
    }
    if (!equal.empty())
      table.notes.push_back(fmt::format("Left out where both sides are equal: {}.", fmt::join(equal, ", ")));
    table.notes.insert(table.notes.end(), one_sided.begin(), one_sided.end());
    return table;
  }

  static std::string better_word(const MetricDescriptor* metric) {
    if (!metric || metric->direction == MetricDescriptor::Direction::informative) return "";
    return metric->direction == MetricDescriptor::Direction::higher_is_better ? "higher" : "lower";
  }

  static TableEntry count_entry(std::size_t n) { return {.text = std::to_string(n), .value = static_cast<double>(n)}; }

  /// Rows have different units, so each entry says its own.
  static TableEntry metric_entry(const MetricDescriptor* metric, const std::vector<double>& values) {
    std::optional<double> half_width = half_width_95(values);
    if (half_width == 0.0) half_width.reset();
    if (metric && reads_best_with_prefix(metric->unit)) {
      return number_entry(mean(values), half_width, "si", metric->unit);
    }
    const bool format_is_good = metric && is_number_format(metric->format);
    TableEntry entry = number_entry(mean(values), half_width, format_is_good ? metric->format : "", "");
    if (metric && !metric->unit.empty()) entry.suffix += " " + metric->unit;
    return entry;
  }

  /// A row stands for two machines; the sides' names stand for them.
  void add_row(Table& table, std::vector<TableEntry> entries) const {
    const std::optional<double> n = entries[table.name == "compare-time" ? 2 : 3].value;
    table.rows.push_back(
        {std::move(entries),
         {n ? static_cast<int>(*n) : 0, "A: " + machine_text(a_.provenance) + "; B: " + machine_text(b_.provenance),
          "A: " + build_text(a_.provenance) + "; B: " + build_text(b_.provenance)}});
  }

  void add_frame(Table& table) const {
    std::size_t seeds = 0;
    std::size_t unfinished = 0;
    for (const JoinedCell& cell : joined_) {
      seeds += cell.seeds.size();
      unfinished += cell.unfinished;
    }
    table.notes.push_back(fmt::format("{} cells joined; {} only in A, {} only in B, {} did not end well on both sides.",
                                      seeds, only_a_, only_b_, unfinished));
    table.caption.push_back("A: " + run_sentence(a_));
    table.caption.push_back("B: " + run_sentence(b_));
    const bool of_times = table.name == "compare-time";
    table.caption.push_back(
        fmt::format("Means over the n seeds that both have ± half width of the 95% interval (Student t{}); with n = 1 "
                    "there is no interval.",
                    of_times ? "" : "; seed by seed for the last column"));
    if (!of_times) return;
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
  const std::vector<CellGroup> groups_a_;
  const std::vector<CellGroup> groups_b_;
  std::vector<JoinedCell> joined_;
  std::size_t only_a_ = 0;
  std::size_t only_b_ = 0;
};

}  // namespace

std::vector<Table> compare_runs(const Run& a, const Run& b) { return Comparer(a, b).tables(); }

}  // namespace frugal::harness
