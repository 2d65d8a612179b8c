#include "impl/base/markdown_text.hpp"

#include <cctype>

namespace frugal {

std::string markdown_escaped(std::string_view text, std::string_view also) {
  constexpr std::string_view markup = "\\|*_<`";  // a pipe would end the cell of a table
  const auto is_word = [&](std::size_t i) {
    return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
  };
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r') {
      escaped += ' ';
      continue;
    }
    const bool inside_word = c == '_' && i > 0 && is_word(i - 1) && is_word(i + 1);
    const bool means_something = markup.find(c) != std::string_view::npos || also.find(c) != std::string_view::npos;
    if (means_something && !inside_word) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace frugal
