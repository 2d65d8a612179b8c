#include "benchmarks/harness/report/latex_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "benchmarks/harness/report/text_layout.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr double most_points_of_words = 120;  // a wider column of words is broken into lines

/// About, and rather too much.
double latex_points(std::string_view text) {
  double points = 0;
  for (const char c : text) {
    const auto is_one_of = [&](std::string_view some) { return some.find(c) != std::string_view::npos; };
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    if (static_cast<unsigned char>(c) >= 0x80) {
      points += 12.3;  // ± and → with their blanks
    } else if (is_one_of("mwMW%@+~<>=")) {
      points += 9;
    } else if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      points += 7.5;
    } else if (is_one_of(" ijl.,:;!|'()[]/frts-")) {
      points += 4;
    } else {
      points += 5.4;
    }
  }
  return points;
}

/// TeX breaks at blanks only.
double longest_word_points(std::string_view text) {
  double longest = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    longest = std::max(longest, latex_points(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return longest;
}

/// How a column of plain numbers is set by siunitx: digits before and after the point, and of the interval.
struct NumberShape {
  std::size_t whole = 1;
  std::size_t decimals = 0;
  std::size_t interval = 0;
  bool sign = false;
  bool bold = false;

  std::string format() const {
    return fmt::format("{}{}.{}{}", sign ? "+" : "", whole, decimals,
                       interval > 0 ? fmt::format("({})", interval) : "");
  }
  double points() const {
    const double point = decimals > 0 ? 2.8 : 0;
    const auto digits = static_cast<double>(whole + decimals + interval);
    const auto spaces = (whole + decimals) / 3;  // one behind three digits
    // A bold digit is wider by a seventh.
    return (bold ? 5.9 : 5) * digits + point + (sign ? 7.8 : 0) + (interval > 0 ? 12.3 + point : 0) + (bold ? 3 : 0) +
           1.7 * static_cast<double>(spaces);
  }
};

bool is_plain_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("+-.0123456789") == std::string_view::npos;
}

/// None where an entry is more than a number and its interval.
std::optional<NumberShape> number_shape(const Table& table, std::size_t column) {
  NumberShape shape;
  bool any = false;
  const auto split = [](std::string_view digits) {
    const std::size_t point = std::min(digits.find('.'), digits.size());
    return std::pair(point, digits.size() - std::min(point + 1, digits.size()));
  };
  for (const TableRow& row : table.rows) {
    const TableEntry& entry = row.entries[column];
    if (!entry.value) continue;
    if (!is_plain_number(entry.text) || !entry.suffix.empty() || entry.disturbed) return std::nullopt;
    any = true;
    std::string_view digits = entry.text;
    if (digits.front() == '+' || digits.front() == '-') {
      shape.sign = true;
      digits.remove_prefix(1);
    }
    const auto [whole, decimals] = split(digits);
    shape.whole = std::max(shape.whole, whole);
    shape.decimals = std::max(shape.decimals, decimals);
    shape.bold = shape.bold || entry.best;
    if (entry.half_width_text.empty()) continue;
    if (!is_plain_number(entry.half_width_text)) return std::nullopt;
    shape.interval = std::max(shape.interval, split(entry.half_width_text).first);
  }
  // Of a value and its width alike, siunitx keeps room for as many decimals as any number of the column has.
  if (shape.interval > 0) shape.interval += shape.decimals;
  return any ? std::optional(shape) : std::nullopt;
}

}  // namespace

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

std::string latex_breakable(std::string_view text) {
  constexpr std::size_t long_word = 30, long_part = 20;
  std::string broken;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    std::size_t part = 0;  // characters since the last place to break at
    for (std::size_t i = 0; i < word.size();) {
      const std::size_t length = std::max<std::size_t>(utf8_length(word.substr(i)), 1);
      broken += latex_escaped(word.substr(i, length));
      const bool is_joint = std::string_view("_-./").find(word[i]) != std::string_view::npos;
      i += length;
      if (word.size() > long_word && i < word.size() && (is_joint || ++part == long_part)) {
        broken += "\\allowbreak{}";
        part = 0;
      }
    }
    if (end < text.size()) broken += ' ';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return broken;
}

std::string latex_entry(const TableEntry& entry, bool of_siunitx) {
  if (!entry.value) {
    const std::string text = entry.text == "-" ? "--" : latex_escaped(entry_text(entry));
    return of_siunitx ? "{" + text + "}" : text;
  }
  if (of_siunitx)
    return (entry.best ? "\\bfseries " : "") + entry.text +
           (entry.half_width_text.empty() ? "" : " +- " + entry.half_width_text);
  std::string suffix = latex_escaped(entry.suffix);
  if (suffix.starts_with(" ")) suffix.replace(0, 1, "~");
  std::string number = (entry.disturbed ? "$\\sim " : "$") + latex_escaped(entry.text);
  if (!entry.half_width_text.empty()) number += " \\pm " + latex_escaped(entry.half_width_text);
  number += "$" + suffix;
  return entry.best ? "{\\boldmath\\bfseries " + number + "}" : number;
}

LatexColumn latex_column(const Table& table, std::size_t index, std::size_t heading_lines) {
  const Heading& heading = table.headings[index];
  LatexColumn column;
  std::size_t characters = 1;
  double word_points = 0;
  for (const TableRow& row : table.rows) {
    const std::string text = entry_text(row.entries[index]);
    characters = std::max(characters, display_width(text));
    column.points = std::max(column.points, latex_points(text));
    word_points = std::max(word_points, longest_word_points(text));
  }
  const std::optional<NumberShape> shape = heading.numeric ? number_shape(table, index) : std::nullopt;
  if (shape) {
    column.of_siunitx = true;
    column.type = "S[table-format=" + shape->format() + "]";
    double of_words = 0;
    for (const TableRow& row : table.rows)
      if (!row.entries[index].value) of_words = std::max(of_words, latex_points(entry_text(row.entries[index])));
    column.points = std::max(shape->points(), of_words);
  } else if (!heading.numeric && column.points > most_points_of_words) {
    column.points = std::max(most_points_of_words, word_points);
    column.type = fmt::format(">{{\\raggedright\\arraybackslash}}p{{{:.0f}pt}}", column.points);
    characters = static_cast<std::size_t>(column.points / 5);
  } else {
    column.type = heading.numeric ? "r" : "l";
  }
  const std::string title = heading_text(heading);
  column.heading = wrapped_lines(title, width_in_lines(title, characters, heading_lines));
  for (const std::string& line : column.heading) column.points = std::max(column.points, latex_points(line));
  return column;
}

}  // namespace frugal::harness
