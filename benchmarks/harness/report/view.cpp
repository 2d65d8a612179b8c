#include "benchmarks/harness/report/view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "benchmarks/harness/report/best_value.hpp"
#include "benchmarks/harness/report/column_names.hpp"
#include "benchmarks/harness/report/fitting.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/regroup.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/number.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

constexpr std::size_t most_columns = 8;  // of a view that names none

/// Column -> the values of which a row must have one.
using RowFilter = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// "grid=2x2,layers x width=1, 2": a piece without "=" belongs to the value before it.
RowFilter read_row_filter(std::span<const Table> tables, const std::vector<std::string>& expressions) {
  RowFilter filter;
  for (const std::string& expression : expressions) {
    std::vector<std::string> pairs;
    for (std::size_t from = 0; from <= expression.size();) {
      const std::size_t end = std::min(expression.find(',', from), expression.size());
      const std::string piece = expression.substr(from, end - from);
      if (pairs.empty() || piece.find('=') != std::string::npos)
        pairs.push_back(piece);
      else
        pairs.back() += "," + piece;
      from = end + 1;
    }
    for (const std::string& pair : pairs) {
      const std::size_t last = pair.rfind('=');
      if (last == std::string::npos || last == 0)
        throw UserError(fmt::format("--rows {}: write COLUMN=VALUE, for example --rows precision=fp32", pair));
      // From the right, up to what is a column: "hr@10[neg=99]=0.5" is about hr@10[neg=99], and "path=a=1.png" about path.
      std::size_t equals = last;
      while (equals != std::string::npos && equals > 0 && !some_table_has(tables, pair.substr(0, equals)))
        equals = pair.rfind('=', equals - 1);
      if (equals == std::string::npos || equals == 0) equals = last;
      const std::string column = pair.substr(0, equals);
      require_column(tables, "--rows", column);
      auto known = std::ranges::find(filter, column, &RowFilter::value_type::first);
      if (known == filter.end()) known = filter.insert(filter.end(), {column, {}});
      known->second.push_back(pair.substr(equals + 1));
    }
  }
  return filter;
}

/// As printed, or as a number: "10", "10.0" and "0.1e2" are one.
bool entry_is(const TableEntry& entry, const std::string& value) {
  if (entry.text == value) return true;
  return entry.value && entry.value == number_in<double>(value);
}

void keep_rows(Table& table, const RowFilter& filter) {
  for (const RowFilter::value_type& wanted : filter) {
    const std::string& name = wanted.first;
    const std::vector<std::string>& values = wanted.second;
    const std::optional<std::size_t> column = column_called(table, name);
    std::erase_if(table.rows, [&](const TableRow& row) {
      return !column || std::ranges::none_of(
                            values, [&](const std::string& value) { return entry_is(row.entries[*column], value); });
    });
  }
}

/// Throws UserError that names what there is.
[[noreturn]] void refuse_filter(std::span<const Table> tables, const RowFilter& filter) {
  for (const RowFilter::value_type& wanted : filter) {
    const std::string& name = wanted.first;
    const std::vector<std::string>& values = wanted.second;
    std::vector<std::string> known;
    for (const Table& table : tables)
      if (const auto column = column_called(table, name))
        for (const TableRow& row : table.rows)
          if (const std::string& text = row.entries[*column].text; std::ranges::find(known, text) == known.end())
            known.push_back(text);
    for (const std::string& value : values)
      if (std::ranges::none_of(tables, [&](const Table& table) {
            const auto column = column_called(table, name);
            return column && std::ranges::any_of(table.rows, [&](const TableRow& row) {
                     return entry_is(row.entries[*column], value);
                   });
          }))
        throw UserError(fmt::format("--rows: {}", unknown_word(name, value, known)));
  }
  throw UserError("--rows: no row has all of these values");
}

void sort_table(Table& table, const std::string& name, bool descending) {
  const std::optional<std::size_t> column = column_called(table, name);
  if (!column) return;
  const bool numeric =
      std::ranges::any_of(table.rows, [&](const TableRow& row) { return row.entries[*column].value.has_value(); });
  std::ranges::stable_sort(table.rows, [&](const TableRow& left, const TableRow& right) {
    const TableEntry& l = left.entries[*column];
    const TableEntry& r = right.entries[*column];
    if (numeric && (!l.value || !r.value)) return l.value.has_value() && !r.value;  // rows without a value come last
    if (numeric) return descending ? *r.value < *l.value : *l.value < *r.value;
    const int order = ::strverscmp(l.text.c_str(), r.text.c_str());  // "2x2" before "16x16"
    return descending ? order > 0 : order < 0;
  });
}

bool alike_in_all_rows(const Table& table, std::size_t column) {
  return table.rows.size() > 1 && std::ranges::all_of(table.rows, [&](const TableRow& row) {
           return entry_text(row.entries[column]) == entry_text(table.rows.front().entries[column]);
         });
}

/// "A" and "B" for the long names of machines or commits, which the caption then spells out.
void put_letters_for(Table& table, const std::string& name) {
  const auto heading = std::ranges::find(table.headings, name, &Heading::name);
  constexpr std::size_t letters = 26;
  if (heading == table.headings.end() || !heading->key) return;
  const auto column = static_cast<std::size_t>(heading - table.headings.begin());
  std::vector<std::string> texts;
  for (const TableRow& row : table.rows)
    if (const std::string& text = row.entries[column].text; std::ranges::find(texts, text) == texts.end())
      texts.push_back(text);
  if (texts.size() < 2 || texts.size() > letters) return;
  const auto letter = [](std::size_t index) { return std::string(1, static_cast<char>('A' + index)); };
  for (TableRow& row : table.rows) {
    std::string& text = row.entries[column].text;
    text = letter(static_cast<std::size_t>(std::ranges::find(texts, text) - texts.begin()));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = letter(i) + ": " + texts[i];
  table.caption.push_back(fmt::format("{} {}.", name == "machine" ? "Machine" : "Commit", fmt::join(texts, "; ")));
}

/// Chooses the columns of one table.
class ColumnChoice {
 public:
  ColumnChoice(Table& table, bool all, std::vector<std::size_t> named)
      : table_(table), all_(all), named_(std::move(named)) {}

  void apply() {
    std::vector<std::size_t> names, figures;
    std::vector<std::string> constants;
    for (std::size_t i = 0; i < table_.headings.size(); ++i) {
      const Heading& heading = table_.headings[i];
      const bool is_named = std::ranges::find(named_, i) != named_.end();
      if (!is_named && alike_in_all_rows(table_, i)) {
        const TableEntry& entry = table_.rows.front().entries[i];
        if (names_rows(heading) || (entry.value && !(heading.name == "n" && entry.suffix.empty()))) {
          if (heading.more && !all_) continue;
          if (!entry_text(entry).empty()) constants.push_back(named_value(heading, entry_text(entry)));
          constant_.insert(i);
          continue;
        }
        if (entry.value) continue;  // the caption tells n
        if (is_no_figure(entry)) continue;
      }
      (names_rows(heading) ? names : figures).push_back(i);
    }
    if (names.empty()) keep_a_name(names, constants);
    choose(std::move(names), figures);
    if (!constants.empty())
      table_.caption.insert(table_.caption.begin(), fmt::format("All rows: {}.", fmt::join(constants, ", ")));
    settle_concerns();
  }

 private:
  /// What stands where there is nothing to compare with; a word such as "failed" is news.
  static bool is_no_figure(const TableEntry& entry) {
    return !entry.value && (entry.text == "-" || entry.text == "ref.");
  }

  /// Rows that agree in all that names them still need a first column.
  void keep_a_name(std::vector<std::size_t>& names, std::vector<std::string>& constants) const {
    for (std::size_t i = 0; i < table_.headings.size(); ++i) {
      if (!names_rows(table_.headings[i])) continue;
      std::erase(constants, named_value(table_.headings[i], entry_text(table_.rows.front().entries[i])));
      names.push_back(i);
      return;
    }
  }

  void choose(std::vector<std::size_t> names, const std::vector<std::size_t>& figures) {
    table_.shown = std::move(names);
    std::vector<std::size_t> chosen;
    if (!named_.empty()) {
      std::ranges::copy_if(named_, std::back_inserter(chosen), [&](std::size_t column) {
        return std::ranges::find(table_.shown, column) == table_.shown.end();
      });
    } else {
      const std::size_t room = all_ ? figures.size() : most_columns - std::min(most_columns - 1, table_.shown.size());
      for (const std::size_t i : figures)
        if (all_ || !table_.headings[i].more) chosen.push_back(i);
      // The number of seeds stands where rows differ in it, and then it matters: it is the last to go.
      while (chosen.size() > room) {
        const bool ends_in_count = chosen.size() > 2 && table_.headings[chosen.back()].name == "n";
        chosen.erase(chosen.end() - (ends_in_count ? 2 : 1));
      }
      for (const std::size_t i : figures)
        if (std::ranges::find(chosen, i) == chosen.end()) table_.left_out.push_back(heading_text(table_.headings[i]));
      table_.fits_by_leaving_out = !all_;
    }
    table_.shown.insert(table_.shown.end(), chosen.begin(), chosen.end());
  }

  /// A sentence about a column that stands in the caption stays.
  void settle_concerns() {
    std::erase_if(table_.concerns, [&](const Concern& concern) {
      return std::ranges::any_of(concern.columns, [&](std::size_t column) { return constant_.contains(column); });
    });
  }

  Table& table_;
  bool all_;
  std::vector<std::size_t> named_;
  std::set<std::size_t> constant_;  ///< in the caption
};

std::vector<Table> in_groups(std::vector<Table> tables, const std::string& name) {
  std::vector<Table> all;
  for (Table& table : tables) {
    const std::optional<std::size_t> column = column_called(table, name);
    std::vector<Table> some = column ? grouped(std::move(table), *column) : std::vector{std::move(table)};
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

/// The columns of `named` that are figures; where there is none, the first that is shown.
std::vector<std::size_t> pivoted_figures(const Table& table, const std::vector<std::size_t>& named) {
  std::vector<std::size_t> figures;
  for (const std::size_t column : named)
    if (!names_rows(table.headings[column])) figures.push_back(column);
  for (std::size_t i = 0; i < table.headings.size() && figures.empty(); ++i) {
    const Heading& heading = table.headings[i];
    if (!names_rows(heading) && !heading.more && heading.name != "n" && !alike_in_all_rows(table, i))
      figures.push_back(i);
  }
  return figures;
}

/// A table without that column, or with one value of it, stays as it is.
void pivot_by(Table& table, const std::string& name, std::vector<std::size_t>& named) {
  const std::optional<std::size_t> by = column_called(table, name);
  if (!by || alike_in_all_rows(table, *by)) return;
  if (!names_rows(table.headings[*by]))
    throw UserError(fmt::format("--pivot {}: this is a figure; give a column that names rows", name));
  const std::vector<std::size_t> figures = pivoted_figures(table, named);
  if (figures.empty()) return;
  table = pivoted(table, *by, figures);
  named.clear();
  for (std::size_t i = 0; i < table.headings.size(); ++i)
    if (!names_rows(table.headings[i])) named.push_back(i);
}

}  // namespace

bool is_for_people(TableFormat format) {
  return format == TableFormat::text || format == TableFormat::markdown || format == TableFormat::latex ||
         format == TableFormat::html;
}

std::vector<Table> arrange(std::vector<Table> tables, const View& view) {
  const RowFilter filter = read_row_filter(tables, view.rows);
  const bool descending = view.sort && view.sort->starts_with('-');
  const std::string sort = view.sort.value_or("").substr(descending ? 1 : 0);
  if (view.sort) require_column(tables, "--sort", sort);
  if (view.group) require_column(tables, "--group", *view.group);
  if (view.pivot) require_column(tables, "--pivot", *view.pivot);
  bool all = false;
  std::vector<std::string> names;
  for (const std::string& list : view.columns) {
    if (list == "all") {
      all = true;
      continue;
    }
    const std::vector<std::string> some = column_list(tables, "--columns", list);
    names.insert(names.end(), some.begin(), some.end());
  }
  const std::vector<Table> before = filter.empty() ? std::vector<Table>{} : tables;
  for (Table& table : tables) {
    keep_rows(table, filter);
    if (view.sort) sort_table(table, sort, descending);
  }
  if (!filter.empty()) {
    std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
    if (tables.empty()) refuse_filter(before, filter);
  }
  if (view.group) tables = in_groups(std::move(tables), *view.group);
  std::vector<Table> arranged;
  for (Table& table : tables) {
    std::vector<std::size_t> named;
    for (const std::string& name : names)
      if (const auto column = column_called(table, name); column && std::ranges::find(named, *column) == named.end())
        named.push_back(*column);
    if (!names.empty() && !all && named.empty()) continue;
    if (view.pivot) pivot_by(table, *view.pivot, named);
    mark_best(table);
    if (!view.whole) {
      put_prefixes_into_headings(table);
      for (const char* origin : {"machine", "commit"}) put_letters_for(table, origin);
      ColumnChoice(table, all, all ? std::vector<std::size_t>{} : named).apply();
    } else if (!named.empty() && !all) {
      for (std::size_t i = 0; i < table.headings.size(); ++i)
        if (names_rows(table.headings[i]) && std::ranges::find(named, i) == named.end()) table.shown.push_back(i);
      table.shown.insert(table.shown.end(), named.begin(), named.end());
    }
    if (!view.whole) note_best(table);
    arranged.push_back(view.transpose ? transposed(table) : std::move(table));
  }
  if (arranged.empty() && !names.empty())
    throw UserError("no table with rows that match --rows has one of the --columns");
  return arranged;
}

Table transposed(const Table& table) {
  const Table seen = visible(table);
  Table turned = seen;
  std::vector<std::string> titles;  // of what now heads the columns
  for (const Heading& heading : seen.headings)
    if (names_rows(heading)) titles.push_back(heading_text(heading));
  turned.headings = {{.title = fmt::format("{}", fmt::join(titles, ", ")), .key = true}};
  turned.rows.clear();
  turned.concerns.clear();
  turned.fits_by_leaving_out = false;
  for (const TableRow& row : seen.rows) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < seen.headings.size(); ++i)
      if (names_rows(seen.headings[i])) names.push_back(row.entries[i].text);
    turned.headings.push_back({.title = fmt::format("{}", fmt::join(names, ", ")), .numeric = true});
  }
  for (std::size_t i = 0; i < seen.headings.size(); ++i) {
    if (names_rows(seen.headings[i])) continue;
    TableRow made;
    made.entries.push_back({.text = heading_text(seen.headings[i])});
    for (const TableRow& row : seen.rows) made.entries.push_back(row.entries[i]);
    turned.rows.push_back(std::move(made));
  }
  return turned;
}

}  // namespace frugal::harness
