// Keeps the end of a text that comes in pieces: a child may write gigabytes before it crashes.
#pragma once
#include <deque>
#include <string>
#include <string_view>

namespace frugal::harness {

class LineTail {
 public:
  explicit LineTail(std::size_t lines) : limit_(lines) {}

  void add(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == '\n') {
        push();
      } else if (current_.size() < longest_line) {
        current_ += byte;
      }
    }
  }

  /// The last lines, joined by newlines, without one at the end.
  std::string text() const {
    std::string result;
    for (const std::string& line : lines_) result += line + "\n";
    result += current_;
    while (!result.empty() && result.back() == '\n') result.pop_back();
    return result;
  }

 private:
  static constexpr std::size_t longest_line = 1000;

  void push() {
    lines_.push_back(std::move(current_));
    current_.clear();
    if (lines_.size() > limit_) lines_.pop_front();
  }

  std::size_t limit_;
  std::deque<std::string> lines_;
  std::string current_;
};

}  // namespace frugal::harness
