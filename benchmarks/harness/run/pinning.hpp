// Which processors the threads of a cell are bound to, where its plan says `measure: {pin: true}`.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"

namespace frugal::harness {

/// That this process may use.
std::set<int> usable_processors();

/// One for each thread: a core's first processor before any core's second. Throws UnavailableError when there are too few.
std::vector<int> pinned_processors(int threads);

/// Why threads of these cells cannot be bound here as their plans say, each reason once. Empty: all can be.
std::vector<std::string> why_not_pinned(const std::vector<PlannedCell>& cells);

/// OMP_PLACES for them: "{0},{2}".
std::string openmp_places(const std::vector<int>& processors);

}  // namespace frugal::harness
