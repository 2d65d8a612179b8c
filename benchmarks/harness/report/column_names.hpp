// Columns as a user calls them on the command line.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// By title, by what it shows, or by that without "params.<workload>."; none when no column is called so.
std::optional<std::size_t> column_called(const Table& table, std::string_view name);

bool some_table_has(std::span<const Table> tables, std::string_view name);

/// "a,b" in pieces; a name that has commas itself stays whole. `option` for messages. Throws UserError, with a suggestion,
/// for a name that no table has.
std::vector<std::string> column_list(std::span<const Table> tables, std::string_view option, const std::string& list);

/// Throws UserError when no table has such a column.
void require_column(std::span<const Table> tables, std::string_view option, const std::string& name);

}  // namespace frugal::harness
