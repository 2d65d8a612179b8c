// Text files line by line, and the fields of a line, with errors that name the place.
//
// A data file is tens of megabytes and is read inside the clock of `load`: large blocks, no allocation per line,
// std::from_chars for the numbers.
#pragma once
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/byte_stream.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

/// Lines of a file, plain or compressed, without their '\n' or "\r\n" and without a byte order mark before the first. A
/// last line without a newline is given too: Fields::take_end() refuses it, since a file cut inside its last number reads
/// as a whole line with a wrong number.
class LineReader {
 public:
  static constexpr std::size_t max_line = std::size_t{1} << 20;

  /// Throws UserError when the file cannot be opened. member, part: see ByteStream.
  explicit LineReader(const std::filesystem::path& path, const std::string& member = "", const FilePart& part = {});

  /// The next line, valid until the next call; false at the end. Throws UserError on a read error, a line of more
  /// than max_line bytes, or one that holds a carriage return.
  bool next(std::string_view& line);

  /// Makes the next line a part of the one last given, newline included: a field in quotes goes on there. False at the
  /// end, and the line is as it was. Throws as next(), but for a carriage return.
  bool extend(std::string_view& line);

  const std::string& file() const { return file_; }
  int line_number() const { return line_; }             ///< of the line last given, from 1; where it begins
  bool newline_missing() const { return open_ended_; }  ///< the line last given ended with the file

  /// Lines there will be, about: from what was read so far and the size of the file; 0: unknown.
  std::uint64_t estimated_lines() const;

  /// For those who take many lines at once: the whole lines after the one last given that have been read already, each
  /// with its '\n', as they stand in the file; maybe none. The `reach` bytes behind them may be looked at too. Valid until
  /// the next call of next() or extend().
  static constexpr std::size_t reach = 32;
  std::string_view ahead() const;
  int lines_given() const { return last_line_; }  ///< so the first line of ahead() has this number and 1
  /// Counts so many lines, the first of ahead(), as given. bytes: all of theirs.
  void skip(std::size_t bytes, int lines) {
    begin_ += bytes;
    line_ = last_line_ += lines;
  }

 private:
  std::size_t capacity() const { return buffer_.size() - reach; }
  bool refill();
  bool find_end(std::size_t searched, std::string_view& line);
  void require_no_return(std::string_view line) const;

  std::string file_;
  ByteStream stream_;
  std::vector<char> buffer_;
  std::size_t start_ = 0;  ///< of the line last given
  std::size_t begin_ = 0;  ///< of what follows it
  std::size_t end_ = 0;
  std::uint64_t passed_ = 0;  ///< bytes of the file before the buffer's
  int lines_before_;          ///< the first one given
  int line_;
  int last_line_;  ///< where the line last given ends
  bool open_ended_ = false;
};

/// Those lines of a file that are part number `part` of `parts`, as equal in bytes as can be; of a short file the last
/// ones are empty. Nothing where it is too short to have two, or compressed.
std::optional<FilePart> part_of(const std::filesystem::path& path, int part, int parts);

/// Takes a line apart from left to right. Every take_ function throws UserError at file:line:column, quoting what was
/// found and the form the line should have.
class Fields {
 public:
  /// form: what a right line looks like, "USER<TAB>ITEM<TAB>RATING<TAB>TIME".
  Fields(const LineReader& reader, std::string_view line, std::string_view form)
      : reader_(reader), line_(line), form_(form), at_(line.data()), end_(line.data() + line.size()) {}

  bool at_end() const { return at_ == end_; }
  bool starts_with(std::string_view text) const { return rest().starts_with(text); }
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

  void take(std::string_view separator) {
    if (!starts_with(separator)) fail_separator(separator);
    at_ += separator.size();
  }

  /// One or more blanks or tabs.
  void take_blanks() {
    const char* const start = at_;
    skip_blanks();
    if (at_ == start) fail_separator(" ");
  }
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
  }

  /// An integer in [min, max].
  std::int64_t take_integer(std::string_view what, std::int64_t min, std::int64_t max) {
    return take_number<std::int64_t>(what, min, max);
  }
  std::uint32_t take_id(std::string_view what, std::uint32_t min, std::uint32_t max) {
    return static_cast<std::uint32_t>(take_number<std::int64_t>(what, min, max));
  }
  /// A decimal number in [min, max].
  double take_real(std::string_view what, double min, double max) { return take_number<double>(what, min, max); }

  /// The end of the line, and its newline.
  void take_end() {
    if (!at_end()) fail("nothing more");
    if (reader_.newline_missing()) fail_cut_off();
  }

  /// "FILE:LINE:COLUMN: expected EXPECTED, got 'REST'; a line reads FORM".
  [[noreturn]] void fail(const std::string& expected) const;
  /// A line that can be read but makes no sense.
  [[noreturn]] void reject(const std::string& message) const;

 private:
  template <class T>
  T take_number(std::string_view what, T min, T max) {
    T value{};
    const auto [stop, error] = std::from_chars(at_, end_, value);
    if (error != std::errc() || !(value >= min && value <= max)) fail_number(what, error, min, max);
    at_ = stop;
    return value;
  }
  [[noreturn]] void fail_number(std::string_view what, std::errc error, std::int64_t min, std::int64_t max) const;
  [[noreturn]] void fail_number(std::string_view what, std::errc error, double min, double max) const;
  [[noreturn]] void fail_separator(std::string_view separator) const;
  [[noreturn]] void fail_cut_off() const;
  Place place() const;

  const LineReader& reader_;
  std::string_view line_;
  std::string_view form_;
  const char* at_;
  const char* end_;
};

}  // namespace frugal::data
