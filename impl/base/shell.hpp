// Words for a shell.
#pragma once
#include <string>

namespace frugal {

/// In single quotes, as a POSIX shell reads it back.
std::string shell_quoted(const std::string& word);

}  // namespace frugal
