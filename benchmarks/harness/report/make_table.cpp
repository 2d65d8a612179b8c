#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/report/aggregate.hpp"
#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/column_values.hpp"
#include "benchmarks/harness/report/figures.hpp"
#include "benchmarks/harness/report/known_metrics.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/settings.hpp"
#include "benchmarks/harness/report/template_text.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

using Source = ColumnSpec::Source;
using Relation = ColumnSpec::Relation;

bool is_bound(const ColumnSpec& column) {
  return column.source == Source::stage && column.stage_value == ColumnSpec::StageValue::bound;
}

bool is_of_energy(const ColumnSpec& column) {
  return column.stage_value == ColumnSpec::StageValue::joules ||
         column.stage_value == ColumnSpec::StageValue::flops_per_joule;
}

/// Mean and interval of one value a seed.
TableEntry figure(const std::vector<double>& values, const ColumnSpec& column, const ColumnStyle& style,
                  std::size_t finished) {
  if (values.empty()) return {.text = "-"};
  std::vector<double> scaled = values;
  for (double& value : scaled) value *= column.number.scale;
  TableEntry entry = number_entry(estimate(scaled), style.format, style.unit);
  entry.draws = scaled;
  if (values.size() != finished) entry.suffix += fmt::format(" (n={})", values.size());
  return entry;
}

/// Why a row without a finished cell has no figures: "failed", "timeout", ...
std::string failure_word(const RowGroup& row) { return to_string(row.records.front()->status); }

class TableMaker {
 public:
  TableMaker(const TableSpec& spec, std::span<const Run> runs, const Workload* workload)
      : spec_(spec), runs_(runs), workload_(workload), columns_(spec.columns), set_(make_rows(spec, runs)) {}

  Table make() {
    table_.name = spec_.name;
    table_.title = fill_template(spec_.title, [&](const std::string& path) { return title_text(path); });
    table_.notes = spec_.notes;
    const std::vector<std::string> missing = drop_unmeasured();
    add_notes_of_columns();
    table_.notes.insert(table_.notes.end(), missing.begin(), missing.end());
    const auto n_of = [](const RowGroup& row) { return row.units(row.finished()); };
    if (const bool counts_differ = std::ranges::any_of(set_.rows,
                                                       [&](const RowGroup& row) {
                                                         return n_of(row) != n_of(set_.rows.front()) ||
                                                                row.finished().size() != row.records.size();
                                                       });
        counts_differ &&
        std::ranges::none_of(columns_, [](const ColumnSpec& c) { return c.source == Source::count; })) {
      columns_.push_back({.source = Source::count, .name = "n"});
    }
    for (const KeyColumn& column : set_.columns) {
      table_.headings.push_back({.title = column.title,
                                 .unit = column.key.number.unit.value_or(""),
                                 .numeric = column.numeric,
                                 .name = column.name,
                                 .key = true});
    }
    for (const RowGroup& row : set_.rows) {
      TableRow made;
      made.artifacts = folder_of_by_products(row);
      made.origin = {static_cast<int>(row.units(row.finished())), row.machine, row.build, runs_of(row)};
      for (std::size_t i = 0; i < row.keys.size(); ++i) made.entries.push_back(key_entry(i, row));
      table_.rows.push_back(std::move(made));
    }
    for (const ColumnSpec& column : columns_) add_column(column);
    if (beyond_bound_) {
      table_.notes.emplace_back(
          "A share of bound over 100%: work is counted for the plain algorithm, and this implementation does with "
          "less, or multiplies by other units than those of the limit (fp32 by tensor cores), or the machine was busy "
          "while its limits were measured.");
      concern(table_.notes.back(), is_bound);
    }
    for (const PlotSpec& plot : spec_.plots) add_figures(plot);
    note_absent();
    note_no_reference();
    note_failures();
    CaptionFacts facts{.spec = spec_, .runs = runs_, .set = set_};
    if (workload_ != nullptr) facts.settings = common_settings(spec_, set_, Vocabulary(*workload_, {}));
    const std::vector<std::string> without_times = make_caption(facts);
    const auto of_time = [&](const ColumnSpec& column) { return shows_time(column); };
    facts.times = std::ranges::any_of(columns_, of_time);
    table_.caption = make_caption(facts);
    for (const std::string& sentence : table_.caption)
      if (std::ranges::find(without_times, sentence) == without_times.end()) concern(sentence, of_time);
    if (has_disturbed(table_)) {
      table_.caption.emplace_back(disturbed_sentence);
      table_.concerns.push_back({disturbed_sentence, disturbed_columns()});
    }
    return std::move(table_);
  }

 private:
  bool is_metric_of_time(const ColumnSpec& column) const {
    return std::ranges::any_of(metrics_of(column), [&](const std::string& name) {
      const MetricDescriptor* metric = declared_metric(runs_, name);
      return metric != nullptr && is_of_the_clock(metric->unit);
    });
  }

  bool shows_time(const ColumnSpec& column) const {
    return column.source == Source::stage || !column.per.empty() || is_metric_of_time(column);
  }

  /// Does the figure depend on a clock?
  bool is_of_time(const ColumnSpec& column) const {
    using enum ColumnSpec::StageValue;
    constexpr ColumnSpec::StageValue counted[] = {flops, bytes, received, messages};
    return shows_time(column) &&
           (column.source != Source::stage || std::ranges::find(counted, column.stage_value) == std::end(counted));
  }

  bool is_disturbed(const ColumnSpec& column, const RowGroup& row) const {
    return is_of_time(column) && std::ranges::any_of(row.finished(), [&](const CellRecord* record) {
             return !record->is_quiet() && column_value(column, *record).has_value();
           });
  }

  std::size_t index_of(std::size_t column) const { return set_.columns.size() + column; }

  /// The sentence is about the columns of which `is_about` is true.
  template <class Predicate>
  void concern(const std::string& sentence, Predicate is_about) {
    std::vector<std::size_t> about;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (is_about(columns_[i])) about.push_back(index_of(i));
    table_.concerns.push_back({sentence, std::move(about)});
  }

  std::vector<std::size_t> disturbed_columns() const {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table_.headings.size(); ++i)
      if (std::ranges::any_of(table_.rows, [&](const TableRow& row) { return row.entries[i].disturbed; }))
        columns.push_back(i);
    return columns;
  }

  /// Names of the runs that the row's records are of.
  std::string runs_of(const RowGroup& row) const {
    std::vector<std::string> names;
    for (const Run& run : runs_) {
      const bool has = std::ranges::any_of(row.records, [&](const CellRecord* record) {
        return record >= run.cells.data() && record < run.cells.data() + run.cells.size();
      });
      if (has && std::ranges::find(names, run.provenance.name) == names.end()) names.push_back(run.provenance.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  /// A column that no cell has a figure for says less than a sentence, which this returns; a name that nobody declared
  /// is a mistake.
  std::vector<std::string> drop_unmeasured() {
    std::vector<std::string> dropped;
    std::vector<std::string> disowned;  // measured, but not in quiet: the caption says why
    std::erase_if(columns_, [&](const ColumnSpec& column) {
      if (const std::string unknown = unknown_metric(runs_, column); !unknown.empty()) {
        std::vector<std::string> known;
        for (const Run& run : runs_) {
          for (const MetricDescriptor& metric : run.provenance.metrics) known.push_back(metric.name);
        }
        throw UserError(column.place, unknown_word("metric", unknown, known));
      }
      const bool any_finished =
          std::ranges::any_of(set_.rows, [](const RowGroup& row) { return !row.finished().empty(); });
      if (!is_figure(column) || !any_finished) return false;
      if (std::ranges::any_of(set_.rows, [&](const RowGroup& row) { return !column_values(column, row).empty(); })) {
        return false;
      }
      table_.unmeasured.push_back({style_of(column).title, column_name(column), why_unmeasured(column)});
      if (is_bound(column)) return true;  // the plan did not ask for it
      std::string title = style_of(column).title;
      if (is_of_time(column) && any_disowned(column)) {
        if (!column.more && std::ranges::find(disowned, title) == disowned.end()) disowned.push_back(title);
        return true;
      }
      if (const std::string why = column.source == Source::metric ? why_absent(column.name) : ""; !why.empty())
        title += fmt::format(" ({})", why);
      // What nobody would have seen nobody misses.
      if (!column.more && std::ranges::find(dropped, title) == dropped.end()) dropped.push_back(title);
      return true;
    });
    std::vector<std::string> missing;
    if (!disowned.empty()) missing.push_back(fmt::format("Left out: {}.", fmt::join(disowned, ", ")));
    if (!dropped.empty()) missing.push_back(fmt::format("Not measured here: {}.", fmt::join(dropped, ", ")));
    return missing;
  }

  /// Half a sentence for whoever asks for the column; empty when nobody knows.
  std::string why_unmeasured(const ColumnSpec& column) const {
    if (is_bound(column)) {
      const std::string why = why_absent("limits");
      return why.empty() ? "the plan does not say measure: {limits: true}" : "limits: " + why;
    }
    if (column.source == Source::metric && column.per.empty()) return why_absent(column.name);
    if (!is_of_energy(column)) return "";
    for (const Run& run : runs_)
      if (const Json* energy = cell_value(run.provenance.machine, "energy")) return "energy is " + value_text(*energy);
    return "the runs are of a program that did not count energy";
  }

  /// Were there times for the column, which their run disowns?
  bool any_disowned(const ColumnSpec& column) const {
    const std::string& stage = column.per.empty() ? column.name : column.per;
    return std::ranges::any_of(set_.rows, [&](const RowGroup& row) {
      return std::ranges::any_of(row.records, [&](const CellRecord* record) {
        return record->disowned && (stage == "total" || is_metric_of_time(column) || record->stage(stage) != nullptr);
      });
    });
  }

  /// "why (2 cells); another why (1 cell)"; empty when no record tells.
  std::string why_absent(const std::string& metric) const {
    std::map<std::string, int> reasons;
    for (const RowGroup& row : set_.rows)
      for (const CellRecord* record : row.finished())
        if (const auto why = record->absent.find(metric); why != record->absent.end()) ++reasons[why->second];
    std::string text;
    for (const auto& [reason, cells] : reasons)
      text += fmt::format("{}{} ({} cell{})", text.empty() ? "" : "; ", reason, cells, cells == 1 ? "" : "s");
    return text;
  }

  void add_notes_of_columns() {
    for (const ColumnSpec& column : columns_) {
      if (column.note.empty() || std::ranges::find(table_.notes, column.note) != table_.notes.end()) continue;
      table_.notes.push_back(column.note);
      concern(column.note, [&](const ColumnSpec& other) { return other.note == column.note; });
    }
  }

  /// Metrics that lack a value for one reason share a sentence; those on demand have their own.
  void note_absent() {
    std::vector<std::pair<std::string, bool>> reasons;  // in order of the columns; is the column on demand?
    std::map<std::pair<std::string, bool>, std::vector<std::size_t>> columns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].source != Source::metric) continue;
      const std::pair key(why_absent(columns_[i].name), columns_[i].more);
      if (key.first.empty()) continue;
      if (!columns.contains(key)) reasons.push_back(key);
      columns[key].push_back(i);
    }
    for (const auto& key : reasons) {
      std::vector<std::string> titles;
      std::vector<std::size_t> about;
      std::set<std::string> told;
      for (const std::size_t i : columns[key]) {
        about.push_back(index_of(i));
        if (told.insert(columns_[i].name).second) titles.push_back(style_of(columns_[i]).title);
      }
      table_.notes.push_back(
          fmt::format("{} {} no value: {}.", fmt::join(titles, ", "), titles.size() == 1 ? "has" : "have", key.first));
      table_.concerns.push_back({table_.notes.back(), std::move(about)});
    }
  }

  /// A column that compares with a row that is not there would be a column of dashes, which no view shows.
  void note_no_reference() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const ColumnSpec& column = columns_[i];
      if (column.relative_to.empty() || column.more) continue;
      if (std::ranges::any_of(set_.rows, [&](const RowGroup& row) { return reference_row(column, set_, row); }))
        continue;
      std::vector<std::string> wanted;
      for (const auto& [name, values] : column.relative_to) {
        std::vector<std::string> texts;
        for (const Json& value : values) texts.push_back(value_text(value));
        wanted.push_back(fmt::format("{} {}", short_path(name, spec_.workload), fmt::join(texts, " or ")));
      }
      table_.notes.push_back(fmt::format("{} has nothing to compare with: there is no row with {}.",
                                         style_of(column).title, fmt::join(wanted, ", ")));
      table_.concerns.push_back({table_.notes.back(), {index_of(i)}});
    }
  }

  ColumnStyle style_of(const ColumnSpec& column) const {
    const MetricDescriptor* descriptor =
        column.source == Source::metric ? declared_metric(runs_, column.name) : nullptr;
    return column_style(column, spec_.workload, descriptor);
  }

  /// What the spec says; else what the metric does. A difference from another row is not looked at for the best.
  Better better_of(const ColumnSpec& column) const {
    if (column.better) return *column.better;
    if (column.source != Source::metric || column.relation != Relation::none || !column.per.empty() ||
        !column.divided_by.empty())
      return Better::neither;
    const MetricDescriptor* metric = declared_metric(runs_, column.name);
    if (!metric || metric->direction == MetricDescriptor::Direction::informative) return Better::neither;
    return metric->direction == MetricDescriptor::Direction::higher_is_better ? Better::higher : Better::lower;
  }

  TableEntry key_entry(std::size_t index, const RowGroup& row) const {
    TableEntry entry{.text = row.labels[index]};
    if (set_.columns[index].numeric) {
      entry.value = row.keys[index].get<double>() * set_.columns[index].key.number.scale;
    }
    return entry;
  }

  void add_column(const ColumnSpec& column) {
    const ColumnStyle style = style_of(column);
    Heading heading{.title = style.title,
                    .unit = style.unit,
                    .numeric = column.source != Source::key,
                    .unit_in_entries = style.format == "si",
                    .name = column_name(column),
                    .relation = column.relation == Relation::none ? "" : relation_word(column.relation),
                    .more = column.more,
                    .better = better_of(column)};
    if (column.source == Source::key) {
      heading.numeric = std::ranges::all_of(set_.rows, [&](const RowGroup& row) {
        const Json* value = row.value(column.name);
        return value && value->is_number();
      });
    }
    for (std::size_t i = 0; i < set_.rows.size(); ++i) {
      TableEntry entry = column_entry(column, style, set_.rows[i]);
      heading.interval = heading.interval || entry.half_width.has_value();
      table_.rows[i].entries.push_back(std::move(entry));
    }
    table_.headings.push_back(std::move(heading));
  }

  void add_figures(const PlotSpec& plot) {
    std::vector<Figure> figures;
    switch (plot.kind) {
      case PlotSpec::Kind::columns:
        if (const std::optional<Plot> columns = columns_of(plot)) figures = column_figures(table_, *columns);
        break;
      case PlotSpec::Kind::stages:
        figures = stage_figures(table_, set_);
        break;
      case PlotSpec::Kind::roofline:
        figures = roofline_figures(table_, set_);
        break;
      case PlotSpec::Kind::losses:
        figures = loss_figures(table_, set_);
        break;
    }
    std::ranges::move(figures, std::back_inserter(table_.figures));
  }

  /// A plot of a column that was not measured here is left out, as the column is.
  std::optional<Plot> columns_of(const PlotSpec& plot) const {
    const auto column_of = [&](const std::string& title) -> std::optional<std::size_t> {
      if (title.empty()) return std::nullopt;
      const auto heading = std::ranges::find(table_.headings, title, &Heading::title);
      if (heading != table_.headings.end()) return static_cast<std::size_t>(heading - table_.headings.begin());
      std::vector<std::string> known;
      for (const KeyColumn& column : set_.columns) known.push_back(column.title);
      for (const ColumnSpec& column : spec_.columns) known.push_back(style_of(column).title);
      if (std::ranges::find(known, title) == known.end())
        throw UserError(plot.place, unknown_word("column", title, known));
      return std::nullopt;
    };
    const auto columns_at = [&](const std::vector<std::string>& titles) {
      std::vector<std::size_t> columns;
      for (const std::string& title : titles)
        if (const std::optional<std::size_t> column = column_of(title)) columns.push_back(*column);
      for (const std::size_t column : columns)
        if (table_.headings[column].unit != table_.headings[columns.front()].unit)
          throw UserError(plot.place,
                          fmt::format("{} and {} have different units, so they cannot share an axis",
                                      table_.headings[columns.front()].title, table_.headings[column].title));
      return columns;
    };
    const std::vector<std::size_t> xs = columns_at(plot.x), ys = columns_at(plot.y);
    const std::optional<std::size_t> series = column_of(plot.series), label = column_of(plot.label);
    if (xs.empty() || ys.empty()) return std::nullopt;
    std::vector<std::size_t> facets;
    for (std::size_t i = 0; i < set_.columns.size(); ++i)
      if (const std::string& path = set_.columns[i].key.path; path == "dataset.name" || path == "dataset.path")
        facets.push_back(i);
    return Plot{.x = xs.front(),
                .y = ys.front(),
                .beside = {ys.begin() + 1, ys.end()},
                .beside_x = {xs.begin() + 1, xs.end()},
                .series = series,
                .label = label,
                .references = plot.references,
                .facets = facets,
                .log_x = plot.log_x,
                .log_y = plot.log_y,
                .front = plot.front,
                .lines = plot.lines};
  }

  /// What a title has for {path}: the values of all rows; of a user's own files their names, or how many they are.
  std::string title_text(const std::string& path) const {
    std::vector<std::string> texts = texts_at(set_, path);
    std::vector<std::string> files = texts_at(set_, "dataset.path");
    if (path == "dataset.name" && std::ranges::find(files, "-") == files.end()) {
      constexpr std::size_t most = 3;
      for (std::string& file : files) file = std::filesystem::path(file).filename().string();
      texts = files.size() > most ? std::vector{fmt::format("{} files", files.size())} : std::move(files);
    }
    return fmt::format("{}", fmt::join(texts, ", "));
  }

  /// Folder of the first of its cells that left by-products.
  std::string folder_of_by_products(const RowGroup& row) const {
    for (const CellRecord* record : row.finished()) {
      for (const Run& run : runs_) {
        if (record < run.cells.data() || record >= run.cells.data() + run.cells.size()) continue;
        const std::filesystem::path folder = artifacts_of(run.folder, record->id);
        if (std::filesystem::is_directory(folder)) return folder.string();
      }
    }
    return "";
  }

  TableEntry column_entry(const ColumnSpec& column, const ColumnStyle& style, const RowGroup& row) {
    const std::size_t finished = row.units(row.finished());
    if (column.source == Source::key) {
      const Json* value = row.value(column.name);
      if (!value || !value->is_number()) return {.text = value ? value_text(*value) : "-"};
      if (column.number.scale == 1 && column.number.format.empty()) {
        return {.text = value_text(*value), .value = value->get<double>()};
      }
      return number_entry(value->get<double>() * column.number.scale, {}, style.format, style.unit);
    }
    if (column.source == Source::count) {
      TableEntry entry = count_entry(finished);
      if (const std::size_t all = row.units(row.records); finished != all) entry.suffix = fmt::format(" of {}", all);
      return entry;
    }
    if (finished == 0) return {.text = failure_word(row)};
    const std::map<std::string, double> values = column_values(column, row);
    if (column.relation != Relation::none) {
      const RowGroup* reference = reference_row(column, set_, row);
      if (!reference) return {.text = "-"};
      if (reference == &row) return {.text = "ref."};
      std::vector<double> related = related_values(column.relation, values, column_values(column, *reference));
      if (column.relation == Relation::efficiency) {
        const std::optional<double> times = growth(column, set_, row, *reference);
        if (!times) return {.text = "-"};
        for (double& value : related) value *= 100 / *times;
      }
      TableEntry entry = figure(related, column, style, finished);
      entry.disturbed = is_disturbed(column, row) || is_disturbed(column, *reference);
      return entry;
    }
    std::vector<double> list;
    list.reserve(values.size());
    for (const auto& [unit, value] : values) list.push_back(value);
    TableEntry entry = figure(list, column, style, finished);
    entry.disturbed = is_disturbed(column, row);
    beyond_bound_ = beyond_bound_ || (is_bound(column) && entry.value.value_or(0) > 100);
    if (is_bound(column) && !list.empty()) entry.suffix += fmt::format(" ({})", binding_resources(column, row));
    return entry;
  }

  /// "kept 10%, embeddings mf/frozen".
  std::string row_name(const RowGroup& row) const {
    std::string name;
    for (std::size_t i = 0; i < row.labels.size(); ++i) {
      name += fmt::format("{}{} {}{}", i == 0 ? "" : ", ", set_.columns[i].title, row.labels[i],
                          set_.columns[i].key.number.unit.value_or(""));
    }
    return name;
  }

  /// Nothing that failed vanishes: each cell has its sentence, the first dozen of them.
  void note_failures() {
    constexpr std::size_t most = 12;
    std::size_t failed = 0;
    for (const RowGroup& row : set_.rows) {
      for (const CellRecord* record : row.records) {
        if (record->status == Status::ok || ++failed > most) continue;
        const std::string reason = first_line(record->error);
        table_.notes.push_back(fmt::format("{} (seed {}, {}): {}{}{}", row_name(row), record->cell.seed, record->id,
                                           to_string(record->status), reason.empty() ? "" : ": ", reason));
      }
    }
    if (failed > most) table_.notes.push_back(fmt::format("{} more cells did not end well.", failed - most));
  }

  const TableSpec& spec_;
  std::span<const Run> runs_;
  const Workload* workload_;  ///< null: not known here
  std::vector<ColumnSpec> columns_;
  RowSet set_;
  bool beyond_bound_ = false;
  Table table_;
};

}  // namespace

Table make_table(const TableSpec& spec, std::span<const Run> runs, const Workloads& workloads) {
  return TableMaker(spec, runs, find_workload(workloads, spec.workload)).make();
}

}  // namespace frugal::harness
