// Does a finished run keep the bounds its plan sets?
#pragma once
#include <map>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// One line for each bound that a cell breaks: every cell that ended well and matches is held to it, seeds are not
/// averaged. A cell without the metric breaks the gate, and so does a gate that matches none of the plan's cells
/// (unless `is_part`: --only or --shard left some out), because a gate that checks nothing proves nothing.
std::vector<std::string> broken_gates(const PlanFile& file, const std::vector<PlannedCell>& cells,
                                      const std::map<std::string, CellRecord>& records, bool is_part);

}  // namespace frugal::harness
