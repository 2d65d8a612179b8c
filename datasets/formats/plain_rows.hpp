// The plain lines of a table of ratings, many at once. Most files hold nothing else, and a field that is digits up to
// the delimiter is found out, checked and read in one step. TableReader takes the lines that are not plain.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/digits.hpp"
#include "datasets/formats/ratings.hpp"

namespace frugal::data {

/// A line is plain when it has the layout's columns and
///   - ids are not empty, and begin and end with no blank; of a strict form they are numbers,
///   - the rating is digits, with or without a point (or comma) and digits behind it, within the form's bounds,
///   - the time is digits, or of a form that is not strict any moment without a fraction,
///   - nothing is in quotes, it begins with no blank, and ends in LF or CR LF.
/// Its row is the one that TableReader's fields give. Of forms with comments no line is plain.
class PlainRows {
 public:
  PlainRows(const RatingsLayout& layout, const RatingsForm& form);

  struct Taken {
    std::size_t bytes = 0;
    int rows = 0;
  };

  /// Adds the rows of the first lines, up to one that is not plain. lines: whole, and LineReader::reach bytes behind them
  /// may be looked at; line: the number of the first.
  Taken take(std::string_view lines, int line, RatingsBuilder& builder);

 private:
  enum class Kind { user, item, rating, time, other };
  struct Row {
    RawId user{std::uint64_t{0}};
    RawId item{std::uint64_t{0}};
    double value = 1;
    std::int64_t time = 0;
  };

  // Each reads what `at` begins with and returns what follows it; null: this is not plain.
  const char* row(const char* at, Row& row) const;
  const char* id(const char* at, RawId& id) const;
  const char* rating(const char* at, double& value) const;
  const char* time(const char* at, std::int64_t& time) const;
  const char* other(const char* at) const;
  const char* delimiter(const char* at) const;
  const char* text(const char* at, std::string_view& text) const;

  bool ends_field(char c) const { return c == delimiter_[0] || c == '\n' || c == '\r'; }

  std::vector<Kind> kinds_;  ///< of the columns; empty: no line is plain
  std::string delimiter_;
  bool strict_;
  char point_;  ///< of a rating
  double least_rating_;
  double most_rating_;
  ByteFinder stops_;          ///< what ends a field, or may make it something else than it seems
  std::array<Row, 32> rows_;  ///< room for take()
};

}  // namespace frugal::data
