// A user's own file, before anything is read of it but its first lines.
#pragma once
#include <filesystem>

#include "impl/base/document.hpp"

namespace frugal::data {

/// The file that this complete data set (is_own_file()) names. Throws UserError where it names none.
std::filesystem::path own_path(const Json& dataset);

/// Can the file of this complete data set (is_own_file()) be read, and what it holds be told? Throws UserError where it
/// cannot. Of a signal: is it there?
void check_own_file(const Json& dataset);

}  // namespace frugal::data
