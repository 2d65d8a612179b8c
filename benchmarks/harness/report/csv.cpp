#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/report/fitting.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

using Fields = std::vector<std::string>;

std::string csv_quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void append_csv_line(std::string& text, const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_quoted(fields[i]);
  text += "\n";
}

const Fields before_names{"run", "table"};
const Fields after_names{"metric", "column", "relation", "unit",      "n",       "mean",  "half_width",
                         "min",    "max",    "status",   "disturbed", "machine", "commit"};

/// The heading of a column that names rows, told apart from the fixed ones.
std::string csv_name(const Heading& heading) {
  const std::string name = heading.unit.empty() ? heading.title : heading.title + " [" + heading.unit + "]";
  const auto is_fixed = [&](const Fields& fixed) { return std::ranges::find(fixed, name) != fixed.end(); };
  return is_fixed(before_names) || is_fixed(after_names) ? "row " + name : name;
}

std::string csv_number(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }

/// The figure in one column of one row.
Fields figure_fields(const TableRow& row, const TableEntry& entry, const Heading& heading) {
  std::optional<double> least, most;
  if (!entry.draws.empty()) {
    const auto [low, high] = std::ranges::minmax_element(entry.draws);
    least = *low, most = *high;
  }
  const std::size_t n = entry.draws.empty() ? static_cast<std::size_t>(row.origin.n) : entry.draws.size();
  return {heading.name.empty() ? heading.title : heading.name,
          heading.title,
          heading.relation,
          heading.unit,
          std::to_string(n),
          csv_number(entry.value),
          csv_number(entry.half_width),
          csv_number(least),
          csv_number(most),
          entry.value ? "" : entry.text,
          entry.disturbed ? "true" : "",
          row.origin.machine,
          row.origin.commit};
}

}  // namespace

std::string to_csv(std::span<const Table> tables) {
  std::vector<Table> seen;
  Fields names;  // of all tables, each once
  for (const Table& table : tables) {
    seen.push_back(visible(table));
    for (const Heading& heading : seen.back().headings) {
      const std::string name = csv_name(heading);
      if (names_rows(heading) && std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  std::string text;
  Fields head = before_names;
  head.insert(head.end(), names.begin(), names.end());
  head.insert(head.end(), after_names.begin(), after_names.end());
  append_csv_line(text, head);
  for (const Table& table : seen) {
    for (const TableRow& row : table.rows) {
      Fields start{row.origin.run, table.name};
      start.resize(start.size() + names.size());
      for (std::size_t i = 0; i < row.entries.size(); ++i) {
        if (!names_rows(table.headings[i])) continue;
        const TableEntry& entry = row.entries[i];
        const auto at = std::ranges::find(names, csv_name(table.headings[i])) - names.begin();
        start[before_names.size() + static_cast<std::size_t>(at)] =
            entry.value ? fmt::format("{}", *entry.value) : entry.text;
      }
      for (std::size_t i = 0; i < row.entries.size(); ++i) {
        if (names_rows(table.headings[i])) continue;
        Fields fields = start;
        const Fields figure = figure_fields(row, row.entries[i], table.headings[i]);
        fields.insert(fields.end(), figure.begin(), figure.end());
        append_csv_line(text, fields);
      }
    }
  }
  return text;
}

}  // namespace frugal::harness
