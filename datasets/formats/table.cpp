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
constexpr std::string_view blanks = " \t";

struct DelimiterWord {
  std::string_view word;
  std::string_view text;
};
/// In the order in which they are tried: the likelier to stand inside a field, the later.
constexpr DelimiterWord delimiters[] = {{"tab", "\t"}, {"colons", "::"}, {"semicolon", ";"},
                                        {"bar", "|"},  {"comma", ","},   {"blanks", " "}};
constexpr std::string_view guess = "guess";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

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

void require_text(const std::filesystem::path& path, const std::string& member) {
  const std::string start = start_of(path, member);
  if (is_utf_16(start)) throw UserError({path.string()}, "this text is in UTF-16: save it as UTF-8");
  if (!is_binary(start)) return;
  const std::size_t nul = start.find('\0');
  const auto line = nul < start.size() ? std::ranges::count(start.substr(0, nul), '\n') + 1 : 0;
  throw UserError(
      {path.string(), static_cast<int>(line)},
      fmt::format("this is no text but a binary file, or a damaged one: {}; it begins {}",
                  nul < start.size() ? "this line holds NUL bytes" : "it is full of control characters", shown(start)));
}

/// The first lines that a row may stand in.
std::vector<std::string> first_rows(const std::filesystem::path& path, const TableForm& form, int& first_line) {
  LineReader reader(path, form.member);
  std::vector<std::string> rows;
  for (std::string_view line; rows.size() < sample_rows + 1 && reader.next(line);) {
    if (!form.comment.empty() && trimmed(line).starts_with(form.comment)) continue;
    if (trimmed(line).empty()) continue;
    while (std::ranges::count(line, '"') % 2 != 0 && !form.strict && reader.extend(line)) continue;
    if (rows.empty()) first_line = reader.line_number();
    rows.emplace_back(line);
  }
  return rows;
}

/// Whether fields may stand in quotes.
bool has_quotes(const TableForm& form, std::string_view delimiter) {
  return !form.strict && (delimiter == "," || delimiter == ";" || delimiter == "\t" || delimiter == "|");
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

/// The fields of one line, as a reader with this form would give them.
class LineSplitter {
 public:
  LineSplitter(const TableForm& form, std::string_view delimiter)
      : quotes_(has_quotes(form, delimiter)), strict_(form.strict), delimiter_(delimiter) {}

  std::vector<std::string> operator()(std::string_view line) const {
    std::vector<std::string> fields;
    split_line(line, delimiter_, quotes_, !strict_, [&](std::string_view text, bool in_quotes) {
      fields.push_back(in_quotes ? unquoted(text) : std::string(text));
    });
    return fields;
  }

 private:
  bool quotes_;
  bool strict_;
  std::string_view delimiter_;
};

/// The delimiter that cuts most rows into one number of fields, two or more.
std::string guess_delimiter(const std::vector<std::string>& rows, const TableForm& form) {
  std::string best;
  std::size_t best_agreeing = 0;
  for (const DelimiterWord& one : delimiters) {
    const LineSplitter split(form, one.text);
    std::map<std::size_t, std::size_t> counts;
    for (const std::string& row : rows) ++counts[split(row).size()];
    counts.erase(1);
    for (const auto& [fields, agreeing] : counts) {
      if (agreeing <= best_agreeing) continue;
      best = one.text;
      best_agreeing = agreeing;
    }
  }
  return best;
}

}  // namespace

bool holds_text(const std::filesystem::path& path, const std::string& member) {
  const std::string start = start_of(path, member);
  return is_utf_16(start) || !is_binary(start);
}

TableLayout layout_of(const std::filesystem::path& path, const TableForm& form) {
  require_text(path, form.member);
  int first_line = 0;
  const std::vector<std::string> rows = first_rows(path, form, first_line);
  const std::string file = path.string();
  if (rows.empty()) throw UserError({file}, "this file holds no rows");
  TableLayout layout;
  layout.delimiter = form.delimiter.empty() ? guess_delimiter(rows, form) : form.delimiter;
  if (layout.delimiter.empty())
    throw UserError({file, first_line},
                    fmt::format("no delimiter cuts these lines into columns: the first reads {}. Say which with "
                                "delimiter: tab, comma, semicolon, bar, colons or blanks",
                                shown(rows.front())));
  const LineSplitter split(form, layout.delimiter);
  std::vector<std::vector<std::string>> fields;
  for (const std::string& row : rows) fields.push_back(split(row));
  if (fields.front().empty())
    throw UserError({file, first_line},
                    fmt::format("a quote that never ends: the line begins {}", shown(rows.front())));
  layout.header = form.header ? *form.header : looks_like_header(fields, form.decimal_comma);
  const std::size_t columns = fields.front().size();
  for (std::size_t c = 0; c < columns; ++c)
    layout.names.push_back(layout.header ? fields.front()[c] : std::to_string(c + 1));
  if (layout.header) layout.header_line = rows.front();
  layout.samples.resize(columns);
  for (std::size_t r = layout.header ? 1 : 0; r < fields.size(); ++r)
    for (std::size_t c = 0; c < std::min(columns, fields[r].size()); ++c) layout.samples[c].push_back(fields[r][c]);
  return layout;
}

TableReader::TableReader(const std::filesystem::path& path, const TableForm& form, const TableLayout& layout,
                         std::string form_text)
    : lines_(path, form.member), form_(form), columns_(layout.columns()), form_text_(std::move(form_text)) {
  form_.delimiter = layout.delimiter;
  quotes_ = has_quotes(form_, form_.delimiter);
  if (layout.header) next();
}

bool TableReader::next() {
  while (lines_.next(line_)) {
    if (!form_.comment.empty() && trimmed(line_).starts_with(form_.comment)) {
      require_end();
      continue;
    }
    if (!form_.strict && (line_.empty() || line_[0] == ' ' || line_[0] == '\t') && trimmed(line_).empty()) continue;
    require_end();
    split();
    return true;
  }
  return false;
}

void TableReader::require_end() const {
  if (!form_.strict || !lines_.newline_missing()) return;
  throw UserError({file(), line_number(), static_cast<int>(line_.size()) + 1},
                  "the file ends here without a newline: cut off? Get it again, or end its last line if nothing is "
                  "missing");
}

void TableReader::split() {
  while (true) {
    count_ = 0;
    unquoted_.clear();
    const bool closed = split_line(
        line_, form_.delimiter, quotes_, !form_.strict,
        [&](std::string_view text, bool in_quotes) { add(in_quotes ? unquoted_.emplace_back(unquoted(text)) : text); });
    if (closed || !lines_.extend(line_)) return;
  }
}

double TableReader::real(std::size_t column, std::string_view what, double from, double to) {
  std::string_view text = field(column, what);
  double value = 0;
  std::string with_point;
  if (form_.decimal_comma && text.find(',') != std::string_view::npos) {
    with_point = text;
    std::ranges::replace(with_point, ',', '.');
    text = with_point;
  }
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
    value = text[0] - '0';
  } else {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size()) fail(column, fmt::format("{} (a number)", what));
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

/// Where a column's field begins in the line.
std::size_t TableReader::offset_of(std::size_t column) const {
  std::size_t offset = line_.size();
  std::size_t at = 0;
  split_line(line_, form_.delimiter, quotes_, !form_.strict, [&](std::string_view text, bool in_quotes) {
    if (at++ == column) offset = static_cast<std::size_t>(text.data() - line_.data()) - (in_quotes ? 1 : 0);
  });
  return offset;
}

Place TableReader::place_of(std::size_t column) const {
  return {file(), line_number(), static_cast<int>(offset_of(column)) + 1};
}

void TableReader::fail_at(std::size_t offset, const std::string& expected) const {
  const std::string_view rest = line_.substr(offset);
  std::string message = fmt::format("expected {}, got {}; a line reads {}", expected,
                                    rest.empty() ? "the end of the line" : shown(rest), form_text_);
  if (line_.find('\0') != std::string_view::npos) message += " (this line holds NUL bytes: a damaged or binary file?)";
  if (lines_.newline_missing()) message += " (the file ends here without a newline: a download that was cut off?)";
  throw UserError({file(), line_number(), static_cast<int>(offset) + 1}, message);
}

void TableReader::fail(std::size_t column, const std::string& expected) const { fail_at(offset_of(column), expected); }

void TableReader::reject(std::size_t column, const std::string& message) const {
  throw UserError(place_of(column), message);
}

void TableReader::fail_short(std::string_view what) const {
  const std::string name = delimiter_name(form_.delimiter);
  fail_at(line_.size(), fmt::format("{} and {}",
                                    form_.delimiter == "::"  ? shown("::")
                                    : form_.delimiter == " " ? std::string("a blank")
                                                             : "a " + name,
                                    what));
}

void TableReader::fail_width() const {
  if (count_ > columns_)
    fail_at(offset_of(columns_) - std::min(offset_of(columns_), form_.delimiter.size()), "nothing more");
  throw UserError(
      {file(), line_number(), static_cast<int>(line_.size()) + 1},
      fmt::format("this line has {} columns, and the first has {}; a line reads {}", count_, columns_, form_text_));
}

}  // namespace frugal::data
