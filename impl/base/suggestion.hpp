// "Did you mean": what to say of a word that is not among the known ones.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace frugal {

/// The word nearest to `word` by edit distance, when it is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

/// "unknown WHAT 'WORD'; did you mean 'NEAREST'?" "...; known: a, b, c", or "...; there is none".
std::string unknown_word(std::string_view what, std::string_view word, std::span<const std::string> known);

}  // namespace frugal
