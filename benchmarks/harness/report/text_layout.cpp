#include "benchmarks/harness/report/text_layout.hpp"

#include <algorithm>

#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// A long word without blanks ("tower.side_features") may be broken after these.
std::vector<std::string_view> parts_of_word(std::string_view word) {
  constexpr std::size_t long_word = 14;
  std::vector<std::string_view> parts;
  const bool breaks = display_width(word) > long_word && !word.starts_with('(');
  while (breaks) {
    const std::size_t joint = word.find_first_of("._/", 1);
    if (joint == std::string_view::npos || joint + 1 >= word.size()) break;
    parts.push_back(word.substr(0, joint + 1));
    word.remove_prefix(joint + 1);
  }
  parts.push_back(word);
  return parts;
}

/// Of one well-formed UTF-8 character.
char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t code = lead & (0x7FU >> character.size());
  for (const char c : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

/// Columns of a terminal: two of the scripts of East Asia (Unicode's UAX 11, W and F, by its blocks), none of marks over
/// the letter before.
std::size_t columns_of(char32_t code) {
  struct Block {
    char32_t first, last;
    std::size_t columns;
  };
  constexpr Block blocks[] = {{0x0300, 0x036F, 0},  {0x1100, 0x115F, 2}, {0x200B, 0x200F, 0},   {0x2E80, 0x303E, 2},
                              {0x3041, 0x33FF, 2},  {0x3400, 0x4DBF, 2}, {0x4E00, 0x9FFF, 2},   {0xA000, 0xA4CF, 2},
                              {0xAC00, 0xD7A3, 2},  {0xF900, 0xFAFF, 2}, {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},
                              {0xFF00, 0xFF60, 2},  {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1F64F, 2}, {0x1F900, 0x1F9FF, 2},
                              {0x20000, 0x3FFFD, 2}};
  for (const Block& block : blocks)
    if (code >= block.first && code <= block.last) return block.columns;
  return 1;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
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
    words.push_back(text.substr(from, end - from));
    text.remove_prefix(end);
  }
}

/// What stays together, and the columns that it takes.
struct Piece {
  std::string_view text;
  std::size_t width;
};

struct Word {
  Piece whole;
  std::vector<Piece> parts;
};

std::vector<Word> measured_words(std::string_view text) {
  std::vector<Word> words;
  for (const std::string_view word : split_words(text)) {
    words.push_back({{word, display_width(word)}, {}});
    for (const std::string_view part : parts_of_word(word)) words.back().parts.push_back({part, display_width(part)});
  }
  return words;
}

/// place(piece, what stands before it on its line, whether it begins a line) of each piece. Words that are wider than a
/// line fall into their parts.
template <class Place>
void wrap(const std::vector<Word>& words, std::size_t width, const Place& place) {
  bool is_first = true;
  std::size_t used = 0;
  const auto append = [&](const Piece& piece, std::string_view before) {
    const std::size_t with_piece = used + before.size() + piece.width;
    const bool begins_line = is_first || with_piece > width;
    place(piece.text, before, begins_line);
    used = begins_line ? piece.width : with_piece;
    is_first = false;
  };
  for (const Word& word : words) {
    if (word.whole.width <= width) {
      append(word.whole, " ");
      continue;
    }
    std::string_view before = " ";
    for (const Piece& part : word.parts) {
      append(part, before);
      before = "";
    }
  }
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text.substr(i)), 1);
    width += columns_of(code_point(text.substr(i, length)));
    i += length;
  }
  return width;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string_view word : split_words(text))
    for (const std::string_view part : parts_of_word(word)) longest = std::max(longest, display_width(part));
  return longest;
}

std::vector<std::string> wrapped_lines(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  wrap(measured_words(text), width, [&](std::string_view piece, std::string_view before, bool begins_line) {
    if (begins_line)
      lines.emplace_back(piece);
    else
      lines.back().append(before).append(piece);
  });
  if (lines.empty()) lines.emplace_back();
  return lines;
}

std::size_t width_in_lines(std::string_view text, std::size_t width, std::size_t lines) {
  const std::vector<Word> words = measured_words(text);
  const auto lines_at = [&](std::size_t columns) {
    std::size_t count = 0;
    wrap(words, columns, [&](std::string_view, std::string_view, bool begins_line) { count += begins_line; });
    return count;
  };
  std::size_t least = std::max(width, longest_word(text));
  while (lines_at(least) > lines) ++least;
  return least;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return right ? space + text : text + space;
}

}  // namespace frugal::harness
