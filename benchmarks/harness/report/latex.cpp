#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

/// The ten characters that mean something to TeX, and those that a font without them would drop.
std::string latex_escaped(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}':
        escaped += '\\';
        escaped += text[i];
        break;
      case '\\':
        escaped += "\\textbackslash{}";
        break;
      case '~':
        escaped += "\\textasciitilde{}";
        break;
      case '^':
        escaped += "\\textasciicircum{}";
        break;
      case '<':
        escaped += "\\textless{}";
        break;
      case '>':
        escaped += "\\textgreater{}";
        break;
      case '[':
        escaped += "{[}";
        break;  // after \\ it would open an optional argument
      case ']':
        escaped += "{]}";
        break;
      case '\n':
      case '\r':
        escaped += ' ';
        break;
      default:
        if (text.substr(i).starts_with("±")) {
          escaped += "$\\pm$";
          ++i;
        } else if (text.substr(i).starts_with("→")) {
          escaped += "$\\to$";
          i += 2;
        } else {
          escaped += text[i];
        }
    }
  }
  return escaped;
}

/// Numbers in maths, so that a minus is a minus.
std::string latex_entry(const TableEntry& entry) {
  if (!entry.value) return latex_escaped(entry_text(entry));
  std::string suffix = latex_escaped(entry.suffix);
  if (suffix.starts_with(" ")) suffix.replace(0, 1, "~");
  const std::string start = entry.disturbed ? "$\\sim " : "$";
  if (entry.half_width_text.empty()) return start + latex_escaped(entry.text) + "$" + suffix;
  return start + latex_escaped(entry.text) + " \\pm " + latex_escaped(entry.half_width_text) + "$" + suffix;
}

std::string latex_sentences(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) {
    text += (text.empty() ? "" : " ") + latex_escaped(sentence);
    if (!sentence.ends_with('.')) text += '.';
  }
  return text;
}

}  // namespace

std::string to_latex(std::span<const Table> tables) {
  std::string text = "% needs \\usepackage{booktabs}\n";
  for (const Table& table : tables) {
    text += "\\begin{table}\n  \\centering\n  \\caption{" + latex_escaped(table.title) + ". " +
            latex_sentences(table.caption) + "}\n  \\label{tab:" + table.name + "}\n  \\begin{tabular}{";
    for (const Heading& heading : table.headings) text += heading.numeric ? 'r' : 'l';
    text += "}\n    \\toprule\n    ";
    for (std::size_t i = 0; i < table.headings.size(); ++i) {
      text += (i == 0 ? "" : " & ") + latex_escaped(heading_text(table.headings[i]));
    }
    text += " \\\\\n    \\midrule\n";
    for (const TableRow& row : table.rows) {
      text += "    ";
      for (std::size_t i = 0; i < row.entries.size(); ++i) text += (i == 0 ? "" : " & ") + latex_entry(row.entries[i]);
      text += " \\\\\n";
    }
    text += "    \\bottomrule\n  \\end{tabular}\n";
    if (!table.notes.empty()) text += "  \\par\\smallskip\\footnotesize " + latex_sentences(table.notes) + "\n";
    text += "\\end{table}\n";
  }
  return text;
}

}  // namespace frugal::harness
