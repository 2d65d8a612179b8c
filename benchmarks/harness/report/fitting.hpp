// Which columns of a table a medium has room for.
#pragma once
#include <cstddef>
#include <functional>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Does the column say which row it is, rather than what was found?
bool names_rows(const Heading& heading);

/// Of a visible table: it, or where it does not fit and its last columns may be left out, the same with fewer (the number
/// of seeds goes last); otherwise parts of it that fit, each with the columns that name its rows. Where there is no
/// room for these and a figure, rows are numbered, and the parts have their numbers.
std::vector<Table> fitting_parts(const Table& table, const std::function<bool(const Table&)>& fits);

}  // namespace frugal::harness
