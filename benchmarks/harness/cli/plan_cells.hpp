// What a plan would run: `frugal plan` and `frugal run --dry-run`.
#pragma once
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// Prints the cells, all or some of those of the file, and to stderr what this machine lacks for them. Returns the exit
/// code.
int print_cells(const PlanFile& file, const std::vector<PlannedCell>& cells, const Workloads& workloads);

}  // namespace frugal::harness
