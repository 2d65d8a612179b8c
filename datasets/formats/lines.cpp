#include "datasets/formats/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "impl/base/text.hpp"

namespace frugal::data {
namespace {

constexpr std::size_t block = std::size_t{1} << 16;  // many files are small, and nearly all lines are
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

LineReader::LineReader(const std::filesystem::path& path, const std::string& member, const FilePart& part)
    : file_(path.string()),
      stream_(path, member, part),
      buffer_(block + reach),
      lines_before_(part.lines_before),
      line_(part.lines_before),
      last_line_(part.lines_before) {}

/// Moves what is still needed to the front and reads behind it; false when nothing more comes.
bool LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
  end_ -= start_;
  begin_ -= start_;
  passed_ += start_;
  start_ = 0;
  if (end_ == capacity() && end_ < max_line) buffer_.resize(2 * end_ + reach);
  if (end_ == capacity()) {
    throw UserError({file_, line_},
                    fmt::format("a line of more than {} bytes: this is no text file of the expected "
                                "kind (damaged, with a quote that never ends, or with lines that end in CR alone?)",
                                max_line));
  }
  const std::size_t got = stream_.read(buffer_.data() + end_, capacity() - end_);
  end_ += got;
  return got > 0;
}

/// The line from start_ whose newline lies at `searched` or later.
bool LineReader::find_end(std::size_t searched, std::string_view& line) {
  while (true) {
    const char* const start = buffer_.data() + start_;
    const std::size_t available = end_ - start_;
    const void* const newline =
        available > searched ? std::memchr(start + searched, '\n', available - searched) : nullptr;
    if (newline) {
      std::size_t length = static_cast<std::size_t>(static_cast<const char*>(newline) - start);
      begin_ = start_ + length + 1;
      if (length > 0 && start[length - 1] == '\r') --length;
      line = {start, length};
      return true;
    }
    searched = available;
    if (refill()) continue;
    if (available == 0) return false;
    line = {buffer_.data(), available};
    begin_ = end_;
    open_ended_ = true;
    return true;
  }
}

void LineReader::require_no_return(std::string_view line) const {
  const std::size_t carriage_return = line.find('\r');
  if (carriage_return == std::string_view::npos || line.find('\0') != std::string_view::npos) return;
  throw UserError({file_, last_line_, static_cast<int>(carriage_return) + 1},
                  "a carriage return inside a line: lines end in LF or CR LF here (a text of old Macs, CR alone? "
                  "Convert it: tr '\\r' '\\n')");
}

bool LineReader::next(std::string_view& line) {
  start_ = begin_;
  if (last_line_ == std::numeric_limits<int>::max())
    throw UserError({file_}, fmt::format("more than {} lines: split the file", last_line_));
  line_ = ++last_line_;
  if (!find_end(0, line)) {
    line_ = --last_line_;
    return false;
  }
  if (line_ == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  require_no_return(line);
  return true;
}

bool LineReader::extend(std::string_view& line) {
  if (open_ended_) return false;
  // Where the part so far ends, its newline included.
  const std::size_t part = begin_ - start_;
  const std::size_t skipped = static_cast<std::size_t>(line.data() - (buffer_.data() + start_));
  if (begin_ == end_ && !refill()) {  // which may have moved the line
    line = {buffer_.data() + start_ + skipped, line.size()};
    return false;
  }
  ++last_line_;
  find_end(part, line);
  line.remove_prefix(skipped);
  return true;
}

std::uint64_t LineReader::estimated_lines() const {
  const std::uint64_t passed = passed_ + begin_;
  const int lines = line_ - lines_before_;
  if (lines == 0 || passed == 0 || stream_.size() == 0) return 0;
  return stream_.size() * static_cast<std::uint64_t>(lines) / passed + 1;
}

std::string_view LineReader::ahead() const {
  const std::string_view read(buffer_.data() + begin_, end_ - begin_);
  return read.substr(0, read.rfind('\n') + 1);  // without a newline none: npos + 1 is 0
}

namespace {

/// Where the first line begins that begins at this byte or later; `size`: none does.
std::uint64_t line_start(const std::filesystem::path& path, std::uint64_t at, std::uint64_t size) {
  if (at == 0) return 0;
  ByteStream stream(path, "", {.begin = at - 1, .end = size});
  std::vector<char> piece(std::size_t{1} << 12);
  for (std::uint64_t before = at - 1; const std::size_t got = stream.read(piece.data(), piece.size()); before += got)
    if (const void* const newline = std::memchr(piece.data(), '\n', got))
      return before + static_cast<std::uint64_t>(static_cast<const char*>(newline) - piece.data()) + 1;
  return size;
}

}  // namespace

std::optional<FilePart> part_of(const std::filesystem::path& path, int part, int parts) {
  constexpr std::uint64_t least = std::uint64_t{1} << 16;  // bytes of a part: below, it is not worth it
  if (is_compressed(path)) return std::nullopt;
  const std::uint64_t size = ByteStream(path).size();
  const std::uint64_t used = std::min<std::uint64_t>(static_cast<std::uint64_t>(parts), size / least);
  if (used < 2) return std::nullopt;
  const auto start = [&](std::uint64_t of) { return of >= used ? size : line_start(path, size / used * of, size); };
  return FilePart{.begin = start(static_cast<std::uint64_t>(part)), .end = start(static_cast<std::uint64_t>(part) + 1)};
}

Place Fields::place() const {
  return {reader_.file(), reader_.line_number(), static_cast<int>(at_ - line_.data()) + 1};
}

void Fields::fail(const std::string& expected) const {
  std::string message = fmt::format("expected {}, got {}; a line reads {}", expected,
                                    at_end() ? "the end of the line" : shown(rest()), form_);
  if (line_.find('\0') != std::string_view::npos) message += " (this line holds NUL bytes: a damaged or binary file?)";
  if (reader_.newline_missing()) message += " (the file ends here without a newline: a download that was cut off?)";
  throw UserError(place(), message);
}

void Fields::reject(const std::string& message) const { throw UserError(place(), message); }

void Fields::fail_number(std::string_view what, std::errc error, std::int64_t min, std::int64_t max) const {
  if (max == min) fail(fmt::format("{}, {}", what, min));
  if (max == min + 1) fail(fmt::format("{}, {} or {}", what, min, max));
  if (error == std::errc::invalid_argument) fail(fmt::format("{} (an integer)", what));
  fail(fmt::format("{} between {} and {}", what, min, max));
}

void Fields::fail_number(std::string_view what, std::errc error, double min, double max) const {
  if (error == std::errc::invalid_argument) fail(fmt::format("{} (a number)", what));
  fail(fmt::format("{} between {} and {}", what, min, max));
}

void Fields::fail_separator(std::string_view separator) const {
  fail(separator == "\t" ? "a tab" : separator == " " ? "a blank" : shown(separator));
}

void Fields::fail_cut_off() const {
  reject("the file ends here without a newline: cut off? Get it again, or end its last line if nothing is missing");
}

}  // namespace frugal::data
