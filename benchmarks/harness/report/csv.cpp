#include <fmt/format.h>

#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

std::string csv_quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void append_csv_line(std::string& text, const std::vector<std::string>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_quoted(fields[i]);
  text += "\n";
}

/// Here the unit always stands in the heading, because the values bear no prefix.
std::string csv_heading(const Heading& heading, const char* what) {
  return heading.title + what + (heading.unit.empty() ? "" : " [" + heading.unit + "]");
}

/// "train time; total time": a number bears no mark.
std::string disturbed_columns(const Table& table, const TableRow& row) {
  std::string titles;
  for (std::size_t i = 0; i < row.entries.size(); ++i)
    if (row.entries[i].disturbed) titles += (titles.empty() ? "" : "; ") + table.headings[i].title;
  return titles;
}

}  // namespace

std::string to_csv(std::span<const Table> tables) {
  std::string text;
  for (const Table& table : tables) {
    if (!text.empty()) text += "\n";
    std::vector<std::string> names;
    for (const Heading& heading : table.headings) {
      names.push_back(csv_heading(heading, ""));
      if (heading.interval) names.push_back(csv_heading(heading, " half width"));
    }
    // Named so that they do not meet a column of the table that shows the same.
    names.insert(names.end(), {"seeds", "run on", "built from"});
    const bool any_disturbed = has_disturbed(table);
    if (any_disturbed) names.emplace_back("measured beside other work");
    append_csv_line(text, names);
    for (const TableRow& row : table.rows) {
      std::vector<std::string> fields;
      for (std::size_t i = 0; i < row.entries.size(); ++i) {
        const TableEntry& entry = row.entries[i];
        fields.push_back(entry.value ? fmt::format("{}", *entry.value) : entry.text);
        if (table.headings[i].interval) fields.push_back(entry.half_width ? fmt::format("{}", *entry.half_width) : "");
      }
      fields.insert(fields.end(), {std::to_string(row.origin.n), row.origin.machine, row.origin.commit});
      if (any_disturbed) fields.push_back(disturbed_columns(table, row));
      append_csv_line(text, fields);
    }
  }
  return text;
}

}  // namespace frugal::harness
