#include "datasets/formats/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "datasets/formats/table_words.hpp"
#include "impl/base/error.hpp"
#include "impl/base/names.hpp"
#include "impl/base/number.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/base/text.hpp"

namespace frugal::data {
namespace {

constexpr std::size_t sample_rows = 100;

struct DelimiterWord {
  std::string_view word;
  std::string_view text;
};
/// In the order in which they are tried: the likelier to stand inside a field, the later.
constexpr DelimiterWord delimiters[] = {{"tab", "\t"}, {"colons", "::"}, {"semicolon", ";"},
                                        {"bar", "|"},  {"comma", ","},   {"blanks", " "}};
constexpr std::string_view guess = "guess";

/// What a file begins with, unpacked.
std::string start_of(const std::filesystem::path& path, const std::string& member) {
  std::string start(4096, '\0');
  start.resize(ByteStream(path, member).read(start.data(), start.size()));
  return start;
}

bool is_utf_16(std::string_view start) { return start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff"); }

/// NUL bytes, or many other ones that no text has.
bool is_binary(std::string_view start) {
  const auto is_control = [](char c) { return c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r'; };
  return start.find('\0') != std::string_view::npos ||
         4 * std::ranges::count_if(start, is_control) > static_cast<std::ptrdiff_t>(start.size());
}

/// An object, or a list of objects or lists: what JSON of rows begins with, and no header or row of a table.
bool is_json(std::string_view start) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = start.find_first_not_of(blanks);
  if (first == std::string_view::npos) return false;
  const std::size_t second = start.find_first_not_of(blanks, first + 1);
  const char after = second == std::string_view::npos ? '\0' : start[second];
  return start[first] == '{' ? after == '"' : start[first] == '[' && (after == '{' || after == '[');
}

void require_text(const std::filesystem::path& path, const std::string& member) {
  const std::string start = start_of(path, member);
  if (is_json(start))
    throw UserError({path.string()},
                    "this is JSON: write it as a table, a line for each row, with a header that names the "
                    "columns (CSV)");
  if (is_utf_16(start)) throw UserError({path.string()}, "this text is in UTF-16: save it as UTF-8");
  if (!is_binary(start)) return;
  const std::size_t nul = start.find('\0');
  const auto line = nul < start.size() ? std::ranges::count(start.substr(0, nul), '\n') + 1 : 0;
  throw UserError(
      {path.string(), static_cast<int>(line)},
      fmt::format("this is no text but a binary file, or a damaged one: {}; it begins {}",
                  nul < start.size() ? "this line holds NUL bytes" : "it is full of control characters", shown(start)));
}

}  // namespace

std::vector<ParamSpec> table_params() {
  std::vector<std::string> words{std::string(guess)};
  for (const DelimiterWord& one : delimiters) words.emplace_back(one.word);
  using Type = ParamSpec::Type;
  return {{.name = "delimiter",
           .type = Type::string,
           .default_value = guess,
           .help = "what stands between two fields; colons: ::, blanks: any number of blanks and tabs",
           .choices = words},
          {.name = "header",
           .type = Type::string,
           .default_value = guess,
           .help = "does the first line name the columns?",
           .choices = {std::string(guess), "yes", "no"}},
          {.name = "comment",
           .type = Type::string,
           .default_value = "",
           .help = "lines that begin with it are left out; empty: none"},
          {.name = "decimal_comma", .type = Type::boolean, .default_value = false, .help = "3,5 is three and a half"},
          {.name = "member",
           .type = Type::string,
           .default_value = "",
           .help = "the file inside a zip archive of several files"}};
}

TableForm table_form(const Json& params) {
  TableForm form;
  const std::string delimiter = params.at("delimiter");
  for (const DelimiterWord& one : delimiters)
    if (one.word == delimiter) form.delimiter = one.text;
  if (const std::string header = params.at("header"); header != guess) form.header = header == "yes";
  form.comment = params.at("comment");
  form.decimal_comma = params.at("decimal_comma");
  form.member = params.at("member");
  return form;
}

std::string_view delimiter_word(std::string_view delimiter) {
  return std::ranges::find(delimiters, delimiter, &DelimiterWord::text)->word;
}

std::string delimiter_name(std::string_view delimiter) {
  return std::string(delimiter == "::" ? delimiter : delimiter_word(delimiter));
}

Json settled_table(const Json& params, std::span<const ParamSpec> specs, const TableLayout& layout) {
  Json settled;
  for (const ParamSpec& spec : specs)
    if (!spec.name.starts_with("columns.")) settled[spec.name] = params.at(spec.name);
  settled["delimiter"] = delimiter_word(layout.delimiter);
  settled["header"] = layout.header ? "yes" : "no";
  return settled;
}

std::string TableLayout::key(std::size_t column) const {
  const std::string_view name = names[column];
  const auto first = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  if (name.empty() || name == "none" || first != column) return std::to_string(column + 1);
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = utf8_length(name.substr(at));
    if (length == 0) return std::to_string(column + 1);
    at += length;
  }
  return std::string(name);
}

std::string TableLayout::columns_text() const {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + shown(name);
  return fmt::format("{} ({}-separated)", text, delimiter_name(delimiter));
}

std::size_t TableLayout::find(const std::string& column, std::string_view what, const std::string& file) const {
  if (const auto named = std::ranges::find(names, column); named != names.end())
    return static_cast<std::size_t>(named - names.begin());
  if (const std::optional<std::size_t> number = number_in<std::size_t>(column)) {
    if (*number >= 1 && *number <= columns()) return *number - 1;
    throw UserError({file},
                    fmt::format("column {} for {}: this file has the columns 1 to {}", *number, what, columns()));
  }
  if (!header)
    throw UserError({file}, fmt::format("no column is called {} (for {}): this file has no header; its columns are 1 "
                                        "to {}. Is the first line a header? Say header: yes",
                                        shown(column), what, columns()));
  throw UserError({file}, unknown_word(fmt::format("column (for {})", what), column, names));
}

namespace {

/// How many first rows there are, and how many of them have so many fields.
struct Widths {
  std::size_t rows = 0;
  std::map<std::size_t, std::size_t> rows_of;
};

/// Of the first rows by this delimiter; nothing where the quotes of one do not fit.
std::optional<Widths> widths_of(const std::filesystem::path& path, const TableForm& form, std::string_view delimiter,
                                bool quotes) {
  TableRows rows(path, form, delimiter, quotes);
  Widths widths;
  try {
    while (widths.rows <= sample_rows && rows.next()) {
      if (!rows.quotes_fit()) return std::nullopt;
      ++widths.rows;
      ++widths.rows_of[rows.size()];
    }
  } catch (const UserError&) {
    // A line that cannot be read by this delimiter may be by another; if not, reading by that one says so.
    if (quotes) return std::nullopt;
  }
  return widths;
}

/// The delimiter that cuts most rows into one number of fields, two or more. Throws UserError where none does.
std::string guess_delimiter(const std::filesystem::path& path, const TableForm& form) {
  std::string best;
  double best_share = 0;
  for (const DelimiterWord& one : delimiters) {
    std::optional<Widths> widths = widths_of(path, form, one.text, true);
    // A delimiter is not to blame for an inch mark: who reads by it says where that stands.
    if (!widths) widths = widths_of(path, form, one.text, false);
    for (const auto& [fields, agreeing] : widths->rows_of) {
      const double share = static_cast<double>(agreeing) / static_cast<double>(widths->rows);
      if (fields < 2 || share <= best_share) continue;
      best = one.text;
      best_share = share;
    }
  }
  if (!best.empty()) return best;
  TableRows rows(path, form, " ");
  if (!rows.next()) throw UserError({path.string()}, "this file holds no rows");
  throw UserError({path.string(), rows.lines().line_number()},
                  fmt::format("no delimiter cuts these lines into columns: the first reads {}. Say which with "
                              "delimiter: tab, comma, semicolon, bar, colons or blanks",
                              shown(rows.text())));
}

}  // namespace

bool holds_text(const std::filesystem::path& path, const std::string& member) {
  const std::string start = start_of(path, member);
  return is_utf_16(start) || !is_binary(start);
}

TableLayout layout_of(const std::filesystem::path& path, const TableForm& form) {
  require_text(path, form.member);
  TableLayout layout;
  layout.delimiter = form.delimiter.empty() ? guess_delimiter(path, form) : form.delimiter;
  TableRows rows(path, form, layout.delimiter);
  std::string first_line;
  std::vector<std::vector<std::string>> fields;
  while (fields.size() <= sample_rows && rows.next()) {
    rows.require_quotes();
    if (fields.empty()) first_line = rows.text();
    std::vector<std::string>& row = fields.emplace_back();
    for (std::size_t c = 0; c < rows.size(); ++c) row.emplace_back(rows.field(c));
  }
  if (fields.empty()) throw UserError({path.string()}, "this file holds no rows");
  layout.header = form.header ? *form.header : looks_like_header(fields, form.decimal_comma);
  const std::size_t columns = fields.front().size();
  for (std::size_t c = 0; c < columns; ++c)
    layout.names.push_back(layout.header ? fields.front()[c] : std::to_string(c + 1));
  if (layout.header) layout.header_line = first_line;
  layout.samples.resize(columns);
  for (std::size_t r = layout.header ? 1 : 0; r < fields.size(); ++r)
    for (std::size_t c = 0; c < std::min(columns, fields[r].size()); ++c) layout.samples[c].push_back(fields[r][c]);
  return layout;
}

TableReader::TableReader(const std::filesystem::path& path, const TableForm& form, const TableLayout& layout,
                         std::string form_text, const FilePart& part)
    : rows_(path, form, layout.delimiter, /*quotes=*/true, part),
      columns_(layout.columns()),
      form_text_(std::move(form_text)) {
  if (layout.header && part.begin == 0) next();
}

bool TableReader::next() {
  const bool found = rows_.next();
  require_end();
  if (found) rows_.require_quotes();
  return found;
}

void TableReader::require_end() const {
  if (!rows_.form().strict || !rows_.lines().newline_missing()) return;
  throw UserError({file(), line_number(), static_cast<int>(rows_.text().size()) + 1},
                  "the file ends here without a newline: cut off? Get it again, or end its last line if nothing is "
                  "missing");
}

double TableReader::real(std::size_t column, std::string_view what, double from, double to) {
  std::string_view text = field(column, what);
  double value = 0;
  std::string with_point;
  if (rows_.form().decimal_comma && text.find(',') != std::string_view::npos) {
    with_point = text;
    std::ranges::replace(with_point, ',', '.');
    text = with_point;
  }
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
    value = text[0] - '0';
  } else {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    const bool at_comma = error == std::errc() && stop != end && *stop == ',';
    if (error != std::errc() || stop != end)
      fail(column, fmt::format("{} (a number{})", what, at_comma ? "; of 3,5 for 3.5: decimal_comma: true" : ""));
  }
  if (!std::isfinite(value)) fail(column, fmt::format("{} (a number)", what));
  if (value < from || value > to) fail(column, fmt::format("{} between {} and {}", what, from, to));
  return value;
}

std::int64_t TableReader::integer(std::size_t column, std::string_view what, std::int64_t from, std::int64_t to) {
  const std::string_view text = field(column, what);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error != std::errc::invalid_argument && stop == text.data() + text.size();
  if (!number) fail(column, fmt::format("{} (an integer)", what));
  if (error != std::errc() || value < from || value > to)
    fail(column, fmt::format("{} between {} and {}", what, from, to));
  return value;
}

void TableReader::fail_at(std::size_t offset, const std::string& expected) const {
  const std::string_view text = rows_.text();
  const std::string_view rest = text.substr(offset);
  std::string message = fmt::format("expected {}, got {}; a line reads {}", expected,
                                    rest.empty() ? "the end of the line" : shown(rest), form_text_);
  if (text.find('\0') != std::string_view::npos) message += " (this line holds NUL bytes: a damaged or binary file?)";
  if (rows_.lines().newline_missing())
    message += " (the file ends here without a newline: a download that was cut off?)";
  throw UserError(rows_.place_of(offset), message + rows_.lines_words());
}

void TableReader::fail(std::size_t column, const std::string& expected) const {
  fail_at(rows_.offset_of(column), expected);
}

void TableReader::reject(std::size_t column, const std::string& message) const {
  throw UserError(rows_.place_of(rows_.offset_of(column)), message);
}

void TableReader::fail_short(std::string_view what) const {
  const std::string& delimiter = rows_.form().delimiter;
  fail_at(rows_.text().size(), fmt::format("{} and {}",
                                           delimiter == "::"  ? shown("::")
                                           : delimiter == " " ? std::string("a blank")
                                                              : "a " + delimiter_name(delimiter),
                                           what));
}

void TableReader::fail_width() const {
  const std::size_t offset = rows_.offset_of(columns_);
  if (rows_.size() > columns_) fail_at(offset - std::min(offset, rows_.form().delimiter.size()), "nothing more");
  throw UserError(rows_.place_of(rows_.text().size()),
                  fmt::format("this line has {} columns, and the first has {}; a line reads {}{}", rows_.size(),
                              columns_, form_text_, rows_.lines_words()));
}

}  // namespace frugal::data
