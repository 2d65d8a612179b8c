#include <algorithm>
#include <numeric>

#include "benchmarks/harness/report/fitting.hpp"
#include "benchmarks/harness/report/text_layout.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

constexpr std::size_t gap = 2;                 // blanks between columns
constexpr std::size_t heading_lines = 3;       // where there is room
constexpr std::size_t most_heading_lines = 5;  // before a column is left out
constexpr std::size_t least_of_words = 16;     // a column of words is not made narrower than that

/// The entry, marked as the best of its column.
std::string marked_text(const Table& table, std::size_t row, std::size_t column) {
  const TableEntry& entry = table.rows[row].entries[column];
  const bool any_best =
      std::ranges::any_of(table.rows, [&](const TableRow& other) { return other.entries[column].best; });
  return entry_text(entry) + (entry.best ? "*" : any_best ? " " : "");
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
         gap * (std::max<std::size_t>(widths.size(), 1) - 1);
}

/// How wide a column is, and how narrow it may become: first words are broken that are not very short, then whatever can be.
struct ColumnWidth {
  std::size_t wanted = 0;
  std::size_t narrow = 0;
  std::size_t least = 0;
};

ColumnWidth width_of(const Table& table, std::size_t column) {
  const std::string heading = heading_text(table.headings[column]);
  std::size_t widest = 1, word = longest_word(heading);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const std::string text = marked_text(table, row, column);
    widest = std::max(widest, display_width(text));
    word = std::max(word, longest_word(text));
  }
  const std::size_t wanted = width_in_lines(heading, widest, heading_lines);
  if (table.headings[column].numeric)
    return {wanted, width_in_lines(heading, widest, most_heading_lines), std::max(widest, longest_word(heading))};
  return {wanted, std::min(wanted, std::max(word, least_of_words)), word};
}

/// Takes from the widest column that has more than its `floor`, until all fit or none has.
void make_narrower(std::vector<std::size_t>& widths, const std::vector<ColumnWidth>& columns,
                   std::size_t ColumnWidth::*floor, std::size_t width) {
  while (total_width(widths) > width) {
    std::size_t victim = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (widths[i] > columns[i].*floor && (victim == widths.size() || widths[i] > widths[victim])) victim = i;
    if (victim == widths.size()) return;
    --widths[victim];
  }
}

std::vector<std::size_t> text_widths(const Table& table, std::size_t width) {
  std::vector<ColumnWidth> columns;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.headings.size(); ++i) {
    columns.push_back(width_of(table, i));
    widths.push_back(columns.back().wanted);
  }
  make_narrower(widths, columns, &ColumnWidth::narrow, width);
  const bool can_lose_a_figure = std::ranges::count_if(table.headings, names_rows) + 1 < std::ssize(table.headings);
  if (!can_lose_a_figure) make_narrower(widths, columns, &ColumnWidth::least, width);
  return widths;
}

/// One line of cells, each broken into lines of its own; those of a heading stand at the bottom.
void append_cells(std::string& text, const Table& table, const std::vector<std::string>& cells,
                  const std::vector<std::size_t>& widths, bool at_bottom) {
  std::vector<std::vector<std::string>> broken;
  std::size_t height = 1;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (display_width(cells[i]) <= widths[i])
      broken.push_back({cells[i]});  // as it is: a mark may end in a blank
    else
      broken.push_back(wrapped_lines(cells[i], widths[i]));
    height = std::max(height, broken.back().size());
  }
  for (std::size_t l = 0; l < height; ++l) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t first = at_bottom ? height - broken[i].size() : 0;
      const std::string part = l >= first && l - first < broken[i].size() ? broken[i][l - first] : "";
      line += std::string(i == 0 ? 0 : gap, ' ') + padded(part, widths[i], table.headings[i].numeric);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
}

std::string text_block(const Table& table, std::size_t width) {
  const std::vector<std::size_t> widths = text_widths(table, width);
  std::vector<std::string> cells, rules;
  for (std::size_t i = 0; i < table.headings.size(); ++i) {
    cells.push_back(heading_text(table.headings[i]));
    rules.emplace_back(widths[i], '-');
  }
  std::string text;
  append_cells(text, table, cells, widths, true);
  append_cells(text, table, rules, widths, false);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    for (std::size_t i = 0; i < table.headings.size(); ++i) cells[i] = marked_text(table, row, i);
    append_cells(text, table, cells, widths, false);
  }
  return text;
}

void append_paragraph(std::string& text, const std::string& sentences, std::size_t width, const std::string& bullet) {
  const std::vector<std::string> lines = wrapped_lines(sentences, width - std::min(width, bullet.size()));
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += (i == 0 ? bullet : std::string(bullet.size(), ' ')) + lines[i] + "\n";
}

std::string text_table_of(const Table& table, std::size_t width) {
  std::string text;
  append_paragraph(text, table.title, width, "");
  const std::vector<Table> parts =
      fitting_parts(table, [&](const Table& part) { return total_width(text_widths(part, width)) <= width; });
  for (const Table& part : parts) text += "\n" + text_block(part, width);
  if (const std::string left_out = left_out_sentence(parts.front()); !left_out.empty()) {
    text += "\n";
    append_paragraph(text, left_out, width, "");
  }
  // Of a table in blocks each is shown; one that leaves columns out has one block, and its own sentences.
  const Table& said = parts.size() == 1 ? parts.front() : table;
  if (!said.notes.empty()) text += "\n";
  for (const std::string& note : said.notes) append_paragraph(text, note, width, "- ");
  std::string caption;
  for (const std::string& sentence : said.caption)
    caption += (caption.empty() ? "" : " ") + (sentence == best_sentence ? "*" + sentence.substr(4) : sentence);
  if (!caption.empty()) {
    text += "\n";
    append_paragraph(text, caption, width, "");
  }
  return text;
}

}  // namespace

std::string to_text(std::span<const Table> tables, std::size_t width) {
  std::string text;
  for (const Table& table : tables) text += (text.empty() ? "" : "\n\n") + text_table_of(visible(table), width);
  return text;
}

}  // namespace frugal::harness
