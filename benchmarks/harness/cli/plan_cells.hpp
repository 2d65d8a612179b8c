// What a plan would run: `frugal plan` and `frugal run --dry-run`.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// Cell -> "2/3"; empty: nobody asked.
using ShardOfCell = std::map<std::string, std::string>;

/// Prints the cells, all or some of those of the file, and to stderr what this machine lacks for them. Returns the exit
/// code.
int print_cells(const PlanFile& file, const std::vector<PlannedCell>& cells, const Workloads& workloads,
                const ShardOfCell& shards = {});

}  // namespace frugal::harness
