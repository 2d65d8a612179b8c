// Tables in another shape: `frugal report --group` and `--pivot`.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// A value with its column: "kept 10%", "size 165.5 bit/pixel", "precision bf16".
std::string named_value(const Heading& heading, const std::string& value);

/// A table for each value of the column, in order of appearance, the value in its title. A table without the column
/// stays whole. The figures stay with the first.
std::vector<Table> grouped(Table table, std::size_t column);

/// The values of `by`, which is one of the columns that name rows, side by side: for each of `figures` a column a value,
/// and a row for all rows that agree in their other names. Where a row has no such value the entry is "-". Throws
/// UserError where two rows would stand in one place.
Table pivoted(const Table& table, std::size_t by, const std::vector<std::size_t>& figures);

}  // namespace frugal::harness
