// What the strategies found and what that cost, side by side.
#pragma once
#include "benchmarks/harness/report/table.hpp"
#include "benchmarks/harness/search/search.hpp"

namespace frugal::harness {

/// A row for each strategy: the structure, its metrics (mean over seeds, half width), evaluations, costs, and how both
/// compare with the exhaustive search, where that was made. `run` holds the records.
Table search_table(const SearchOutcome& outcome, const Run& run);

}  // namespace frugal::harness
