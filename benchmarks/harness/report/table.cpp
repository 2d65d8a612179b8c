#include "benchmarks/harness/report/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/document.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {

bool has_disturbed(const Table& table) {
  return std::ranges::any_of(
      table.rows, [](const TableRow& row) { return std::ranges::any_of(row.entries, &TableEntry::disturbed); });
}

Table visible(const Table& table) {
  Table seen = table;
  seen.figures.clear();
  if (table.shown.empty()) return seen;
  seen.shown.clear();
  seen.headings.clear();
  for (Concern& concern : seen.concerns) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table.shown.size(); ++i)
      if (std::ranges::find(concern.columns, table.shown[i]) != concern.columns.end()) columns.push_back(i);
    concern.columns = std::move(columns);
    if (!concern.columns.empty()) continue;
    std::erase(seen.notes, concern.sentence);
    std::erase(seen.caption, concern.sentence);
  }
  std::erase_if(seen.concerns, [](const Concern& concern) { return concern.columns.empty(); });
  for (const std::size_t column : table.shown) seen.headings.push_back(table.headings[column]);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    seen.rows[row].entries.clear();
    for (const std::size_t column : table.shown) seen.rows[row].entries.push_back(table.rows[row].entries[column]);
  }
  return seen;
}

TableFormat parse_format(std::string_view name) { return from_word(table_format_names, "format", name); }

std::string heading_text(const Heading& heading) {
  if (heading.unit.empty() || heading.unit_in_entries) return heading.title;
  return heading.title + " [" + heading.unit + "]";
}

std::string entry_text(const TableEntry& entry) {
  return (entry.disturbed ? "~" : "") + entry.text +
         (entry.half_width_text.empty() ? "" : " ± " + entry.half_width_text) + entry.suffix;
}

std::vector<std::string> anchors_of(std::span<const Table> tables) {
  std::map<std::string, int> used;
  std::vector<std::string> anchors;
  for (const Table& table : tables) {
    std::string word = table.name.empty() ? "table" : table.name;
    std::ranges::replace_if(
        word, [](unsigned char c) { return std::isalnum(c) == 0 && c != '_' && c != '-'; }, '-');
    const int number = ++used[word];
    anchors.push_back(number == 1 ? word : fmt::format("{}-{}", word, number));
  }
  return anchors;
}

std::string left_out_sentence(const Table& table) {
  if (table.left_out.empty()) return "";
  return fmt::format("Not shown: {} (--columns all shows all, --columns NAME,NAME those).",
                     fmt::join(table.left_out, ", "));
}

std::string render(std::span<const Table> tables, TableFormat format, std::size_t width) {
  switch (format) {
    case TableFormat::text:
      return to_text(tables, width);
    case TableFormat::json:
      return to_json_text(tables);
    case TableFormat::markdown:
      return to_markdown(tables);
    case TableFormat::csv:
      return to_csv(tables);
    case TableFormat::latex:
      return to_latex(tables);
    case TableFormat::html:
      return to_html(tables);
    case TableFormat::svg:
      return to_svg(tables);
    case TableFormat::vega:
      return to_vega(tables);
    case TableFormat::matplotlib:
      return to_matplotlib(tables);
  }
  return "";
}

}  // namespace frugal::harness
