// Tables as text: rows of fields between delimiters, with or without a header. What a file does not say is guessed from
// its first lines; what does not fit is a UserError at file:line:column.
//
// Of the parsers in Debian, fast-cpp-csv-parser wants delimiter and columns at compile time, and libcsv takes one byte as
// delimiter and knows no places in the file; neither reads "::" or runs of blanks, so MovieLens and Epinions.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/table_rows.hpp"
#include "impl/base/params.hpp"

namespace frugal::data {

/// The parameters that TableForm is read from: delimiter, header, comment, member, decimal_comma.
std::vector<ParamSpec> table_params();
TableForm table_form(const Json& params);

struct TableLayout;
/// Of `params`, which a layout was found with, all of `specs` but the columns, nothing left to guess: for a manifest.
Json settled_table(const Json& params, std::span<const ParamSpec> specs, const TableLayout& layout);

/// A table's layout, nothing left open.
struct TableLayout {
  std::string delimiter;
  bool header = false;
  std::vector<std::string> names;                 ///< of the columns, from the header; else "1", "2", ...
  std::vector<std::vector<std::string>> samples;  ///< the first rows below the header, at most 100, by column
  std::string header_line;

  std::size_t columns() const { return names.size(); }
  /// What a plan calls a column: its name, in UTF-8; its number where the name is in another encoding, is one that an
  /// earlier column has too, or says something else there (empty: guessed; none).
  std::string key(std::size_t column) const;
  /// "'a', 'b' (comma-separated)".
  std::string columns_text() const;
  /// The column of this name or, where none is called so, of this number (from 1). Throws UserError naming `what`.
  std::size_t find(const std::string& column, std::string_view what, const std::string& file) const;
};

/// Is the file, unpacked, text, maybe of an encoding that is not read here? From its first bytes.
bool holds_text(const std::filesystem::path& path, const std::string& member);

/// Reads the first lines. Throws UserError for a file that holds no table.
TableLayout layout_of(const std::filesystem::path& path, const TableForm& form);

/// "comma", "colons": the word for a delimiter of the table.
std::string_view delimiter_word(std::string_view delimiter);
/// "comma", "::": for messages.
std::string delimiter_name(std::string_view delimiter);

/// The rows of a table one after the other.
class TableReader {
 public:
  /// form_text: what a right row looks like, for messages. part: see ByteStream; a header is in the first one only.
  TableReader(const std::filesystem::path& path, const TableForm& form, const TableLayout& layout,
              std::string form_text, const FilePart& part = {});

  /// Goes to the next row that is neither empty nor a comment; false at the end. Its fields are valid until the next
  /// call. Throws UserError for a line that cannot be one, or whose quotes do not fit.
  bool next();

  const std::string& file() const { return rows_.lines().file(); }
  int line_number() const { return rows_.lines().line_number(); }
  bool has_row_of_lines() const { return rows_.has_row_of_lines(); }
  std::uint64_t estimated_rows() const { return rows_.lines().estimated_lines(); }

  /// As those of LineReader. Every line that is skipped must be a row.
  std::string_view ahead() const { return rows_.lines().ahead(); }
  int lines_given() const { return rows_.lines().lines_given(); }
  void skip(std::size_t bytes, int lines) { rows_.lines().skip(bytes, lines); }

  /// The field in a column, from 0. Throws UserError when the row is shorter.
  std::string_view field(std::size_t column, std::string_view what) {
    if (column >= rows_.size()) fail_short(what);
    return rows_.field(column);
  }

  /// Throws UserError unless the row has exactly the layout's columns.
  void require_width() const {
    if (rows_.size() != columns_) fail_width();
  }

  /// A number in [from, to].
  double real(std::size_t column, std::string_view what, double from, double to);
  std::int64_t integer(std::size_t column, std::string_view what, std::int64_t from, std::int64_t to);

  /// "FILE:LINE:COLUMN: expected EXPECTED, got 'REST'; a line reads FORM".
  [[noreturn]] void fail(std::size_t column, const std::string& expected) const;
  /// A field that can be read but makes no sense.
  [[noreturn]] void reject(std::size_t column, const std::string& message) const;

 private:
  void require_end() const;
  [[noreturn]] void fail_at(std::size_t offset, const std::string& expected) const;
  [[noreturn]] void fail_short(std::string_view what) const;
  [[noreturn]] void fail_width() const;

  TableRows rows_;
  std::size_t columns_;
  std::string form_text_;
};

}  // namespace frugal::data
