#include <algorithm>
#include <set>

#include "benchmarks/harness/report/fitting.hpp"
#include "benchmarks/harness/report/latex_column.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

// In points, of the class article.
constexpr double page_points = 335;    // its page of one column, 345, less some for what is not known here
constexpr double column_points = 222;  // a column of two on its page, 229.5, likewise
constexpr double points_between = 8;   // two \tabcolsep

struct FontSize {
  const char* command;
  double scale;
};
constexpr FontSize font_sizes[] = {{"\\small", 0.925}, {"\\footnotesize", 0.85}};  // smaller fonts are wider

double latex_width(const std::vector<LatexColumn>& columns, const FontSize& font) {
  double points = 0;
  for (const LatexColumn& column : columns) points += column.points * font.scale + points_between;
  return points - points_between;
}

/// Headings of few lines; of more where the page is too narrow.
std::vector<LatexColumn> latex_columns(const Table& table) {
  std::vector<LatexColumn> columns;
  for (const std::size_t lines : {3u, 5u}) {
    columns.clear();
    for (std::size_t i = 0; i < table.headings.size(); ++i) columns.push_back(latex_column(table, i, lines));
    if (latex_width(columns, font_sizes[1]) <= page_points) break;
  }
  return columns;
}

std::string latex_tabular(const Table& table, const std::vector<LatexColumn>& columns) {
  std::string text = "    \\begin{tabular}{@{}";
  std::size_t height = 1;
  for (const LatexColumn& column : columns) {
    text += column.type;
    height = std::max(height, column.heading.size());
  }
  text += "@{}}\n      \\toprule\n";
  for (std::size_t l = 0; l < height; ++l) {
    text += "     ";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::vector<std::string>& lines = columns[i].heading;
      const std::size_t first = height - lines.size();
      const std::string line = l < first ? "" : latex_escaped(lines[l - first]);
      text += (i == 0 ? " " : " & ") + (line.empty() || !columns[i].of_siunitx ? line : "{" + line + "}");
    }
    text += " \\\\\n";
  }
  text += "      \\midrule\n";
  for (const TableRow& row : table.rows) {
    text += "     ";
    for (std::size_t i = 0; i < columns.size(); ++i)
      text += (i == 0 ? " " : " & ") + latex_entry(row.entries[i], columns[i].of_siunitx);
    text += " \\\\\n";
  }
  return text + "      \\bottomrule\n    \\end{tabular}\n";
}

std::string latex_sentences(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) {
    text += (text.empty() ? "" : " ") + latex_breakable(sentence);
    if (!sentence.ends_with('.')) text += '.';
  }
  return text;
}

/// What pdfLaTeX has no letters for, each once: all beyond Latin and its punctuation, but for what latex_escaped()
/// writes otherwise.
std::string characters_without_font(std::span<const Table> tables) {
  std::set<std::string> found;
  const auto look = [&](std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t length = std::max<std::size_t>(utf8_length(text.substr(i)), 1);
      const std::string_view one = text.substr(i, length);
      constexpr unsigned char first_beyond_latin = 0xC6;        // leads U+0180
      const bool is_punctuation = one.starts_with("\xE2\x80");  // dashes, quotation marks
      if (static_cast<unsigned char>(one.front()) >= first_beyond_latin && !is_punctuation && latex_escaped(one) == one)
        found.emplace(one);
      i += length;
    }
  };
  for (const Table& table : tables) {
    look(table.title);
    for (const Heading& heading : table.headings) look(heading_text(heading));
    for (const TableRow& row : table.rows)
      for (const TableEntry& entry : row.entries) look(entry.text);
    for (const std::vector<std::string>& sentences : {table.notes, table.caption})
      for (const std::string& sentence : sentences) look(sentence);
  }
  std::string text;
  for (const std::string& one : found) text += one;
  return text;
}

/// What fits on a page beside its notes; longer tables go on in the next float.
constexpr std::size_t most_rows = 32;

std::vector<Table> parts_of_rows(const Table& table) {
  std::vector<Table> parts;
  for (std::size_t from = 0; from < table.rows.size() || parts.empty(); from += most_rows) {
    const auto begin = table.rows.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = table.rows.begin() + static_cast<std::ptrdiff_t>(std::min(from + most_rows, table.rows.size()));
    parts.push_back(table);
    parts.back().rows.assign(begin, end);
  }
  return parts;
}

/// A part of a table; the first has the label and what stands below the table, the others are "(continued)".
std::string latex_float(const Table& table, const std::string& label, bool is_first) {
  const std::vector<LatexColumn> columns = latex_columns(table);
  const auto fits = [&](const FontSize& font, double points) { return latex_width(columns, font) <= points; };
  const bool narrow = fits(font_sizes[1], column_points);
  const FontSize& font = fits(font_sizes[0], narrow ? column_points : page_points) ? font_sizes[0] : font_sizes[1];
  const std::string environment = narrow ? "table" : "table*";
  std::string text =
      "\\begin{" + environment + "}\n  \\centering" + font.command +
      "\n  \\setlength{\\tabcolsep}{4pt}\n"
      "  \\sisetup{separate-uncertainty, table-align-uncertainty=false, retain-explicit-plus, detect-weight}\n"
      "  \\renewcommand{\\TPTminimum}{0.7\\linewidth}\n"
      "  \\begin{threeparttable}\n    \\caption{" +
      latex_escaped(table.title) + (is_first ? "" : " (continued)") + "}\n";
  if (is_first) text += "    \\label{tab:" + label + "}\n";
  text += latex_tabular(table, columns);
  if (is_first && (!table.notes.empty() || !table.caption.empty())) {
    text += "    \\begin{tablenotes}[flushleft]\\setlength{\\labelsep}{0pt}\\footnotesize\\raggedright\n";
    for (const std::vector<std::string>& sentences : {table.notes, table.caption})
      if (!sentences.empty()) text += "      \\item[] " + latex_sentences(sentences) + "\n";
    text += "    \\end{tablenotes}\n";
  }
  return text + "  \\end{threeparttable}\n\\end{" + environment + "}\n";
}

}  // namespace

std::string to_latex(std::span<const Table> tables) {
  std::string text = "% needs \\usepackage{booktabs,siunitx,threeparttable}\n";
  if (const std::string rare = characters_without_font(tables); !rare.empty())
    text += "% needs LuaLaTeX or XeLaTeX, and a font that has " + rare + "\n";
  const std::vector<std::string> labels = anchors_of(tables);
  std::size_t floats = 0;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const Table& whole = tables[t];
    const std::vector<Table> parts = fitting_parts(visible(whole), [](const Table& part) {
      return latex_width(latex_columns(part), font_sizes[1]) <= page_points;
    });
    if (const std::string left_out = left_out_sentence(parts.front()); !left_out.empty())
      text += "% " + latex_escaped(whole.name + ": " + left_out) + "\n";
    bool is_first = true;
    for (const Table& part : parts) {
      for (const Table& rows : parts_of_rows(part)) {
        // LaTeX remembers 18 floats that have no place yet.
        if (++floats % 12 == 0) text += "\\clearpage\n";
        text += latex_float(rows, labels[t], is_first);
        is_first = false;
      }
    }
  }
  return text;
}

}  // namespace frugal::harness
