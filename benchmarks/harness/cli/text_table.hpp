// Columns for the terminal: left-aligned, two blanks apart, no rules to get in the way of grep and awk.
#pragma once
#include <string>
#include <vector>

namespace frugal::harness {

/// Rows of cells; a row may be shorter. `indent` blanks begin each line.
std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t indent = 0);

}  // namespace frugal::harness
