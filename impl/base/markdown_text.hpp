// Text for Markdown as GitHub reads it.
#pragma once
#include <string>
#include <string_view>

namespace frugal {

/// On one line, with a backslash before what would be read as markup: `\|*<` and backquotes, `_` at the edge of a word,
/// and each character of `also`.
std::string markdown_escaped(std::string_view text, std::string_view also = "");

}  // namespace frugal
