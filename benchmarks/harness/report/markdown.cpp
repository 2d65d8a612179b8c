#include <algorithm>

#include "benchmarks/harness/report/text_layout.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/markdown_text.hpp"

namespace frugal::harness {
namespace {

std::string markdown_entry(const TableEntry& entry) {
  const std::string text = markdown_escaped(entry_text(entry));
  return entry.best ? "**" + text + "**" : text;
}

std::string markdown_table(const Table& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Heading& heading : table.headings) lines[0].push_back(markdown_escaped(heading_text(heading)));
  for (const TableRow& row : table.rows) {
    lines.emplace_back();
    for (const TableEntry& entry : row.entries) lines.back().push_back(markdown_entry(entry));
  }
  std::vector<std::size_t> widths(table.headings.size(), 3);
  for (const std::vector<std::string>& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  std::string text;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    text += "|";
    for (std::size_t i = 0; i < lines[l].size(); ++i) {
      text += " " + padded(lines[l][i], widths[i], table.headings[i].numeric) + " |";
    }
    text += "\n";
    if (l > 0) continue;
    text += "|";
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += " " + std::string(widths[i] - 1, '-') + (table.headings[i].numeric ? ":" : "-") + " |";
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string to_markdown(std::span<const Table> tables) {
  std::string text;
  for (const Table& whole : tables) {
    const Table table = visible(whole);
    if (!text.empty()) text += "\n";
    text += "## " + markdown_escaped(table.title) + "\n\n" + markdown_table(table);
    if (const std::string left_out = left_out_sentence(table); !left_out.empty())
      text += "\n" + markdown_escaped(left_out) + "\n";
    if (!table.notes.empty()) text += "\n";
    for (const std::string& note : table.notes) text += "- " + markdown_escaped(note) + "\n";
    if (!table.caption.empty()) text += "\n";
    for (std::size_t i = 0; i < table.caption.size(); ++i) {
      text += (i == 0 ? "" : " ") + markdown_escaped(table.caption[i]);
    }
    if (!table.caption.empty()) text += "\n";
  }
  return text;
}

}  // namespace frugal::harness
