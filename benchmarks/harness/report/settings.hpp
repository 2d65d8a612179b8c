// What a table's cells have in common that nobody sees in its columns, and that a reader would not guess.
#pragma once
#include <string>

#include "benchmarks/harness/plan/params.hpp"
#include "benchmarks/harness/report/aggregate.hpp"

namespace frugal::harness {

/// "steps 5001, width 32": the settings of workload and data set that all cells of the rows share, that are not the
/// defaults, and that no key column shows; by name. Empty: there are none.
std::string common_settings(const TableSpec& spec, const RowSet& set, const Vocabulary& vocabulary);

}  // namespace frugal::harness
