// What `frugal run` says at its end: what failed and why, what ran, where the records are, and what to do next.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/harness/judge/gate.hpp"
#include "benchmarks/harness/run/runner.hpp"

namespace frugal::harness {

struct RunClosing {
  const RunSummary& summary;
  const std::vector<PlannedCell>& cells;
  const GateReport& gates;
  std::string records;  ///< the folder
  std::string again;    ///< the command line that goes on
  std::string report;   ///< the one that shows the records
  double wall_s = 0;    ///< of this run

  /// What to do next.
  std::string next() const;
};

/// Each failure of this run with all of its error, those alike together, and the command that repeats it.
std::string failures_text(const RunClosing& closing);

/// A few lines "what: value", none wider than `columns` but for those that are to be copied.
std::string closing_table(const RunClosing& closing, std::size_t columns);

/// The last line of --json.
Json finish_event(const RunClosing& closing, int exit_code);

}  // namespace frugal::harness
