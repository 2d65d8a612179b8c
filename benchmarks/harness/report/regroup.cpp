#include "benchmarks/harness/report/regroup.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "benchmarks/harness/report/fitting.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/error.hpp"

namespace frugal::harness {

std::string named_value(const Heading& heading, const std::string& value) {
  const std::string unit = heading.unit.empty() || heading.unit_in_entries ? "" : heading.unit;
  return heading.title + " " + value + (unit.empty() || unit == "%" ? unit : " " + unit);
}

namespace {

/// Of a column, in order of appearance, as printed.
std::vector<std::string> values_of(const Table& table, std::size_t column) {
  std::vector<std::string> values;
  for (const TableRow& row : table.rows)
    if (const std::string text = entry_text(row.entries[column]); std::ranges::find(values, text) == values.end())
      values.push_back(text);
  return values;
}

/// Sentences about columns that are no longer there go.
void drop_sentence(Table& table, const std::string& sentence) {
  std::erase(table.notes, sentence);
  std::erase(table.caption, sentence);
}

class Pivot {
 public:
  Pivot(const Table& table, std::size_t by, const std::vector<std::size_t>& figures)
      : table_(table), by_(by), figures_(figures), values_(values_of(table, by)), made_(table) {
    for (std::size_t i = 0; i < table.headings.size(); ++i)
      if (i != by && names_rows(table.headings[i])) names_.push_back(i);
  }

  Table make() {
    made_.headings.clear();
    made_.rows.clear();
    made_.figures.clear();
    for (const std::size_t i : names_) made_.headings.push_back(table_.headings[i]);
    for (const std::size_t figure : figures_) add_headings(figure);
    if (figures_.size() == 1) made_.title += ": " + heading_text(table_.headings[figures_.front()]);
    for (const TableRow& row : table_.rows) place(row);
    settle_concerns();
    return std::move(made_);
  }

 private:
  void add_headings(std::size_t figure) {
    for (const std::string& value : values_) {
      Heading heading = table_.headings[figure];
      const std::string which = named_value(table_.headings[by_], value);
      if (figures_.size() == 1) {  // its title and unit stand over the table; prefixes are a column's own
        heading.title = which;
        if (!heading.unit_in_entries) heading.unit.clear();
      } else {
        heading.title += ", " + which;
      }
      heading.more = false;
      made_.headings.push_back(std::move(heading));
    }
  }

  void place(const TableRow& row) {
    std::vector<std::string> key;
    for (const std::size_t i : names_) key.push_back(entry_text(row.entries[i]));
    auto known = std::ranges::find(keys_, key);
    if (known == keys_.end()) {
      TableRow empty{.origin = row.origin};
      for (const std::size_t i : names_) empty.entries.push_back(row.entries[i]);
      empty.entries.resize(made_.headings.size(), {.text = "-"});
      made_.rows.push_back(std::move(empty));
      known = keys_.insert(keys_.end(), key);
      taken_.emplace_back(values_.size(), false);
    }
    const auto at = static_cast<std::size_t>(known - keys_.begin());
    const auto value =
        static_cast<std::size_t>(std::ranges::find(values_, entry_text(row.entries[by_])) - values_.begin());
    if (taken_[at][value])
      throw UserError(fmt::format("--pivot {0}: two rows have {1}{2}{3}; --rows can choose one of them",
                                  table_.headings[by_].title, named_value(table_.headings[by_], values_[value]),
                                  key.empty() ? "" : " beside ", fmt::join(key, ", ")));
    taken_[at][value] = true;
    for (std::size_t i = 0; i < figures_.size(); ++i)
      made_.rows[at].entries[names_.size() + i * values_.size() + value] = row.entries[figures_[i]];
  }

  /// Where a column of the old table stands now.
  std::vector<std::size_t> now_at(std::size_t column) const {
    if (const auto name = std::ranges::find(names_, column); name != names_.end())
      return {static_cast<std::size_t>(name - names_.begin())};
    const auto figure = std::ranges::find(figures_, column);
    if (figure == figures_.end()) return {};
    std::vector<std::size_t> columns;
    const auto first = names_.size() + static_cast<std::size_t>(figure - figures_.begin()) * values_.size();
    for (std::size_t i = 0; i < values_.size(); ++i) columns.push_back(first + i);
    return columns;
  }

  void settle_concerns() {
    for (Concern& concern : made_.concerns) {
      std::vector<std::size_t> columns;
      for (const std::size_t column : concern.columns)
        for (const std::size_t now : now_at(column)) columns.push_back(now);
      concern.columns = std::move(columns);
      if (concern.columns.empty()) drop_sentence(made_, concern.sentence);
    }
    std::erase_if(made_.concerns, [](const Concern& concern) { return concern.columns.empty(); });
  }

  const Table& table_;
  std::size_t by_;
  const std::vector<std::size_t>& figures_;
  std::vector<std::string> values_;             ///< of `by`
  std::vector<std::size_t> names_;              ///< the other columns that name rows
  std::vector<std::vector<std::string>> keys_;  ///< of the rows made, as printed
  std::vector<std::vector<bool>> taken_;        ///< [row][value]
  Table made_;
};

}  // namespace

std::vector<Table> grouped(Table table, std::size_t column) {
  std::vector<Table> tables;
  for (const std::string& value : values_of(table, column)) {
    Table one = table;
    one.title += ": " + named_value(table.headings[column], value);
    std::erase_if(one.rows, [&](const TableRow& row) { return entry_text(row.entries[column]) != value; });
    table.figures.clear();
    tables.push_back(std::move(one));
  }
  return tables;
}

Table pivoted(const Table& table, std::size_t by, const std::vector<std::size_t>& figures) {
  return Pivot(table, by, figures).make();
}

}  // namespace frugal::harness
