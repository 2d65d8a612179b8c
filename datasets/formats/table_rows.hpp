// The rows of a table as text, whatever they should hold: each is a line cut into fields, or several lines where a field in
// quotes goes on. Who guesses a layout and who reads by it both take their rows from here.
#pragma once
#include <cstddef>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/lines.hpp"
#include "datasets/formats/table_words.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

/// How a table is laid out.
struct TableForm {
  std::string delimiter;       ///< "\t", ",", ";", "|", "::", or " ": blanks and tabs, any number; empty: guessed
  std::optional<bool> header;  ///< the first line names the columns; empty: guessed
  std::string comment;         ///< lines that begin with it are left out; empty: none
  std::string member;          ///< of a zip archive, see ByteStream
  bool decimal_comma = false;  ///< "3,5" is three and a half
  bool strict = false;  ///< published files: no quotes, no empty lines, no blanks around fields, and the last line
                        ///< ends in a newline, so that a file that was cut off is noticed
};

class TableRows {
 public:
  /// delimiter: in place of the form's, which may be open. quotes: false where they are not minded, whatever the form. part:
  /// see ByteStream. Throws UserError when the file cannot be opened.
  TableRows(const std::filesystem::path& path, const TableForm& form, std::string_view delimiter, bool quotes = true,
            const FilePart& part = {});

  /// Goes to the next row that is neither empty nor a comment; false at the end. Its text and fields are valid until the
  /// next call. Throws as LineReader.
  bool next();

  std::string_view text() const { return text_; }
  std::size_t size() const { return count_; }
  std::string_view field(std::size_t column) const { return fields_[column]; }

  /// Whether every field that begins with a quote ends with one; where it does not, the row is of no use.
  bool quotes_fit() const { return fault_.quote == QuoteFault::none; }
  /// Throws UserError at the place that does not fit.
  void require_quotes() const {
    if (!quotes_fit()) refuse_quotes();
  }

  /// Where a column's field begins in the text; its size where there is no such column.
  std::size_t offset_of(std::size_t column) const;
  /// The place in the file of a byte of the text.
  Place place_of(std::size_t offset) const;
  /// For messages: the lines of a row of several, and the quote that it is for; else empty.
  std::string lines_words() const;

  /// Did any row so far go on in the next line, or begin to? Who begins inside such a row reads something else.
  bool has_row_of_lines() const { return has_row_of_lines_; }

  const TableForm& form() const { return form_; }
  LineReader& lines() { return lines_; }
  const LineReader& lines() const { return lines_; }

 private:
  void cut();
  bool extend();
  [[noreturn]] void refuse_quotes() const;
  void add(std::string_view field) {
    if (count_ == fields_.size()) fields_.resize(2 * count_ + 8);
    fields_[count_++] = field;
  }

  LineReader lines_;
  TableForm form_;
  bool quotes_;
  bool has_row_of_lines_ = false;
  std::string_view text_;
  std::vector<std::string_view> fields_;
  std::size_t count_ = 0;
  std::deque<std::string> unquoted_;  ///< fields that stood in quotes, of this row
  QuoteFault fault_;
};

}  // namespace frugal::data
