// How wide the output may be.
#pragma once
#include <cstddef>
#include <optional>

namespace frugal::harness {

/// Columns of standard output, where somebody says so: COLUMNS, else the terminal; none for a file or a pipe.
std::optional<std::size_t> screen_columns();

}  // namespace frugal::harness
