#include "benchmarks/harness/report/table.hpp"

#include <algorithm>

#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/document.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {

bool has_disturbed(const Table& table) {
  return std::ranges::any_of(
      table.rows, [](const TableRow& row) { return std::ranges::any_of(row.entries, &TableEntry::disturbed); });
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

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string render(std::span<const Table> tables, TableFormat format) {
  switch (format) {
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
