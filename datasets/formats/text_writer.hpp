// Text files of any length, formatted into a buffer that is written every mebibyte.
#pragma once
#include <fmt/compile.h>
#include <fmt/format.h>

#include <cstddef>
#include <iterator>

#include "impl/base/files.hpp"

namespace frugal::data {

/// The file gets its name at finish(). All throw UserError when it cannot be written.
class TextWriter {
 public:
  explicit TextWriter(const std::filesystem::path& path) : file_(path) {}

  /// format: an FMT_COMPILE.
  template <class Format, class... Arguments>
  void print(const Format& format, const Arguments&... arguments) {
    fmt::format_to(std::back_inserter(buffer_), format, arguments...);
    if (buffer_.size() >= (std::size_t{1} << 20)) flush();
  }

  void finish() {
    flush();
    file_.finish();
  }

 private:
  void flush() {
    file_.write({buffer_.data(), buffer_.size()});
    buffer_.clear();
  }

  FileWriter file_;
  fmt::memory_buffer buffer_;
};

}  // namespace frugal::data
