// Does a finished run keep the bounds its plan sets?
#pragma once
#include <map>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// One line each.
struct GateReport {
  std::vector<std::string> broken;
  std::vector<std::string> close;  ///< kept, but the 95% interval of the mean reaches beyond the bound
};

/// The mean over the seeds of a cell, of those that match and ended well, decides; how certain it is does not, but is
/// told. A seed without the metric breaks the gate, and so does a gate that matches none of the plan's cells (unless
/// `is_part`: --only or --shard left some out), because a gate that checks nothing proves nothing.
GateReport check_gates(const PlanFile& file, const std::vector<PlannedCell>& cells,
                       const std::map<std::string, CellRecord>& records, bool is_part);

}  // namespace frugal::harness
