#include "datasets/formats/table_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "impl/base/text.hpp"

namespace frugal::data {

TableRows::TableRows(const std::filesystem::path& path, const TableForm& form, std::string_view delimiter, bool quotes,
                     const FilePart& part)
    : lines_(path, form.member, part), form_(form) {
  form_.delimiter = delimiter;
  quotes_ = quotes && !form.strict && (delimiter == "," || delimiter == ";" || delimiter == "\t" || delimiter == "|");
}

bool TableRows::next() {
  while (lines_.next(text_)) {
    if (!form_.comment.empty() && trimmed(text_).starts_with(form_.comment)) continue;
    if (!form_.strict && (text_.empty() || text_[0] == ' ' || text_[0] == '\t') && trimmed(text_).empty()) continue;
    cut();
    has_row_of_lines_ = has_row_of_lines_ || fault_.is_open();
    while (fault_.is_open() && extend()) cut();
    return true;
  }
  return false;
}

void TableRows::cut() {
  count_ = 0;
  unquoted_.clear();
  fault_ = split_line(text_, form_.delimiter, quotes_, !form_.strict, [&](std::string_view text, bool in_quotes) {
    add(in_quotes ? unquoted_.emplace_back(unquoted(text)) : text);
  });
}

/// Takes in the lines up to that in which the open field ends; false where it ends nowhere. Each is looked at once: a
/// quote that stands there by mistake may take in very many.
bool TableRows::extend() {
  const char* end = nullptr;
  const char* closing = nullptr;
  do {
    const std::size_t seen = text_.size();
    if (!lines_.extend(text_)) return false;
    end = text_.data() + text_.size();
    closing = closing_quote(text_.data() + seen, end);
  } while (closing == end);
  return true;
}

std::size_t TableRows::offset_of(std::size_t column) const {
  std::size_t offset = text_.size();
  std::size_t at = 0;
  split_line(text_, form_.delimiter, quotes_, !form_.strict, [&](std::string_view text, bool in_quotes) {
    if (at++ == column) offset = static_cast<std::size_t>(text.data() - text_.data()) - (in_quotes ? 1 : 0);
  });
  return offset;
}

Place TableRows::place_of(std::size_t offset) const {
  const std::string_view before = text_.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // without a newline 0: npos + 1
  return {lines_.file(), lines_.line_number() + static_cast<int>(std::ranges::count(before, '\n')),
          static_cast<int>(offset - line_start) + 1};
}

std::string TableRows::lines_words() const {
  const std::size_t newline = text_.find('\n');
  if (newline == std::string_view::npos) return "";
  Place quote;
  split_line(text_, form_.delimiter, quotes_, !form_.strict, [&](std::string_view text, bool in_quotes) {
    const auto begin = static_cast<std::size_t>(text.data() - text_.data());
    if (in_quotes && begin <= newline && newline < begin + text.size()) quote = place_of(begin - 1);
  });
  return fmt::format(" (this row takes in lines {} to {}: the quote in line {}, column {} begins a field that goes on)",
                     lines_.line_number(), place_of(text_.size()).line, quote.line, quote.column);
}

void TableRows::refuse_quotes() const {
  const Place quote = place_of(fault_.quote);
  if (fault_.is_open())
    throw UserError(quote,
                    "a quote that never ends: it begins a field, and none in the rest of the file ends that. Take it "
                    "out, or end the field with a quote and double those inside");
  throw UserError(place_of(fault_.behind),
                  fmt::format("expected a delimiter or the end of the line, got {}: the field that the quote in line "
                              "{}, column {} begins has ended. Double the quotes inside such a field, or begin it with "
                              "none",
                              shown(text_.substr(fault_.behind)), quote.line, quote.column));
}

}  // namespace frugal::data
