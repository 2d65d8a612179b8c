// Records of an older program, read by a newer one that has more parameters.
#pragma once
#include <span>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// Gives each cell the parameters of its workload and of its data set that it lacks, at their defaults. A parameter
/// that came later has a default that means what the program did before (docs/extending.md), so the cell stays the
/// same; without this no cell of an old baseline would be found in a new run. Parameters without a default, and cells
/// of an unknown workload, stay as they are; ids too.
void add_later_params(std::span<Cell* const> cells, const Workloads& workloads);

}  // namespace frugal::harness
