// A user's own file, before anything is read of it but its first lines.
#pragma once
#include <filesystem>
#include <string>

#include "impl/base/document.hpp"

namespace frugal::data {

/// The file that this complete data set (is_own_file()) names. Throws UserError where it names none.
std::filesystem::path own_path(const Json& dataset);

/// Can the file of this complete data set (is_own_file()) be read, and what it holds be told? Throws UserError where it
/// cannot. Of a signal: is it there?
void check_own_file(const Json& dataset);

/// What the file is, in words for records and captions: "4000 x 3000 RGB of 8 bits", "user = member, item = film".
std::string own_content(const Json& dataset);

}  // namespace frugal::data
