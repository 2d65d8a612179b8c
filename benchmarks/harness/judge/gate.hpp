// Does a finished run keep the bounds its plan sets?
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// One line each.
struct GateReport {
  std::vector<std::string> broken;
  std::vector<std::string> close;       ///< kept, but the 95% interval of the mean reaches beyond the bound
  std::vector<std::string> not_judged;  ///< seeds have no record yet, or only times that were taken beside other work

  /// For standard error: "gate broken: ...", a line each.
  std::string text() const;
};

/// What a run folder has, by id.
using StoredRecords = std::map<std::string, const CellRecord*>;

/// The mean over the seeds of a cell, of those that match and ended well, decides; how certain it is does not, but is
/// told. Nothing is decided while one of these seeds has no record: a mean over some of them is not what the plan bounds.
/// A seed without the metric breaks the gate, and so does a gate that matches none of the plan's cells, because a gate
/// that checks nothing proves nothing.
/// `part`: ids of the cells that a command was about, where it left others out (--only, --shard, --rerun ID). Then these
/// are judged, each with all its seeds, and a gate may match none of them.
GateReport check_gates(const PlanFile& file, const StoredRecords& records,
                       const std::optional<std::set<std::string>>& part = {});

}  // namespace frugal::harness
