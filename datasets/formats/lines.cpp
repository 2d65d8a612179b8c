#include "datasets/formats/lines.hpp"

#include <fmt/format.h>

#include <cstring>

namespace frugal::data {
namespace {

constexpr std::size_t block = std::size_t{1} << 16;  // many files are small, and nearly all lines are

}  // namespace

LineReader::LineReader(const std::filesystem::path& path)
    : file_(path.string()), stream_(open_file(path)), buffer_(block) {}

/// Moves the unread part to the front and reads behind it; false when nothing more comes.
bool LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size() && end_ < max_line) buffer_.resize(2 * end_);
  if (end_ == buffer_.size()) {
    throw UserError({file_, line_ + 1},
                    fmt::format("a line of more than {} bytes: this is no text file of the expected "
                                "kind (damaged, still compressed, or with lines that end in CR alone?)",
                                max_line));
  }
  const std::size_t got = read_piece(stream_.get(), buffer_.data() + end_, buffer_.size() - end_, file_);
  end_ += got;
  return got > 0;
}

bool LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  while (true) {
    const char* const start = buffer_.data() + begin_;
    const std::size_t available = end_ - begin_;
    const void* const newline =
        available > searched ? std::memchr(start + searched, '\n', available - searched) : nullptr;
    if (newline) {
      std::size_t length = static_cast<std::size_t>(static_cast<const char*>(newline) - start);
      begin_ += length + 1;
      if (length > 0 && start[length - 1] == '\r') --length;
      line = {start, length};
      break;
    }
    searched = available;
    if (refill()) continue;
    if (available == 0) return false;
    line = {buffer_.data(), available};
    begin_ = end_;
    open_ended_ = true;
    break;
  }
  ++line_;
  const std::size_t carriage_return = line.find('\r');
  const bool binary = line.find('\0') != std::string_view::npos;  // Fields::fail() says so
  if (carriage_return != std::string_view::npos && !binary) {
    throw UserError({file_, line_, static_cast<int>(carriage_return) + 1},
                    "a carriage return inside a line: lines end in LF or CR LF here (a text of old Macs, CR alone? "
                    "Convert it: tr '\\r' '\\n')");
  }
  return true;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string result = "'";
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += c == '\t' ? std::string("\\t") : fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + (text.size() > longest ? "...'" : "'");
}

Place Fields::place() const {
  return {reader_.file(), reader_.line_number(), static_cast<int>(at_ - line_.data()) + 1};
}

void Fields::fail(const std::string& expected) const {
  std::string message = fmt::format("expected {}, got {}; a line reads {}", expected,
                                    at_end() ? "the end of the line" : quoted(rest()), form_);
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
  fail(separator == "\t" ? "a tab" : separator == " " ? "a blank" : quoted(separator));
}

void Fields::fail_cut_off() const {
  reject("the file ends here without a newline: cut off? Get it again, or end its last line if nothing is missing");
}

}  // namespace frugal::data
