#include <algorithm>
#include <cctype>

#include "benchmarks/harness/report/text_layout.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

/// A pipe would end the cell; `<`, `*` and the like would be read as markup, `_` only at the edge of a word.
std::string markdown_escaped(std::string_view text) {
  const auto is_word = [&](std::size_t i) {
    return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i]));
  };
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool inside_word = c == '_' && i > 0 && is_word(i - 1) && is_word(i + 1);
    if (c == '\n' || c == '\r') {
      escaped += ' ';
      continue;
    }
    if (!inside_word && std::string_view("\\|*_<`").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

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
