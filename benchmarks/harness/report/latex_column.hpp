// A column of a LaTeX table: how it is aligned, how its heading is broken, about how wide it is.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// One column as it is set.
struct LatexColumn {
  std::string type;                  ///< of the preamble of tabular
  std::vector<std::string> heading;  ///< its lines
  bool of_siunitx = false;
  double points = 0;  ///< in a font of 10 pt, Computer Modern; rather too many
};

/// `heading_lines`: as many lines as its heading may have, where the words allow it.
LatexColumn latex_column(const Table& table, std::size_t index, std::size_t heading_lines);

std::string latex_escaped(std::string_view text);

/// Escaped, and a word of more than 30 bytes (a path, a file's name) may be broken after its joints, or at 20 characters.
std::string latex_breakable(std::string_view text);

/// Numbers in maths, so that a minus is a minus; in a column of siunitx as that reads them.
std::string latex_entry(const TableEntry& entry, bool of_siunitx);

}  // namespace frugal::harness
