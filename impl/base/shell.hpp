// Words for a shell.
#pragma once
#include <string>

namespace frugal {

/// In single quotes, as a POSIX shell reads it back.
std::string shell_quoted(const std::string& word);

/// The same, without quotes where none are needed.
std::string shell_word(const std::string& word);

}  // namespace frugal
