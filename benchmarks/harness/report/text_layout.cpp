#include "benchmarks/harness/report/text_layout.hpp"

#include <algorithm>

namespace frugal::harness {
namespace {

struct Word {
  std::string_view text;
  bool glued = false;  ///< to what stands before it
};

/// A long word without blanks ("tower.side_features") may be broken after these.
void append_word(std::vector<Word>& words, std::string_view text) {
  constexpr std::size_t long_word = 14;
  const bool breaks = !text.starts_with('(') && display_width(text) > long_word;
  bool glued = false;
  while (breaks) {
    const std::size_t joint = text.find_first_of("._/", 1);
    if (joint == std::string_view::npos || joint + 1 >= text.size()) break;
    words.push_back({text.substr(0, joint + 1), glued});
    text.remove_prefix(joint + 1);
    glued = true;
  }
  words.push_back({text, glued});
}

std::vector<Word> split_words(std::string_view text) {
  std::vector<Word> words;
  while (true) {
    const std::size_t from = text.find_first_not_of(" \n\r");
    if (from == std::string_view::npos) return words;
    std::size_t end = std::min(text.find_first_of(" \n\r", from), text.size());
    // "(99 neg.)" is one word.
    constexpr std::size_t short_aside = 14;
    if (text[from] == '(') {
      const std::size_t close = text.find(')', from);
      if (close != std::string_view::npos && close - from < short_aside)
        end = std::max(end, std::min(text.find_first_of(" \n\r", close), text.size()));
    }
    append_word(words, text.substr(from, end - from));
    text.remove_prefix(end);
  }
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const Word& word : split_words(text)) longest = std::max(longest, display_width(word.text));
  return longest;
}

std::vector<std::string> wrapped_lines(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const Word& word : split_words(text)) {
    const std::string between = lines.back().empty() || word.glued ? "" : " ";
    if (!lines.back().empty() && display_width(lines.back()) + between.size() + display_width(word.text) > width)
      lines.emplace_back(word.text);
    else
      lines.back() += between + std::string(word.text);
  }
  return lines;
}

std::size_t width_in_lines(std::string_view text, std::size_t width, std::size_t lines) {
  std::size_t least = std::max(width, longest_word(text));
  while (wrapped_lines(text, least).size() > lines) ++least;
  return least;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return right ? space + text : text + space;
}

}  // namespace frugal::harness
