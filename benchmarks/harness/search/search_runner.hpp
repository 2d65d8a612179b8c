// The searches of a plan file, over the records of a run folder.
#pragma once
#include <filesystem>
#include <vector>

#include "benchmarks/harness/run/runner.hpp"
#include "benchmarks/harness/search/search.hpp"

namespace frugal::harness {

/// Every plan of the file must have a search; the file must outlive the outcomes. `request` says where and how their
/// cells run: which, the strategies ask for, and none runs twice; `rerun` may be of what failed. Throws Interrupted.
std::vector<SearchOutcome> run_searches(const PlanFile& file, RunRequest request);

/// How many of the cells that the strategies asked for did not end well; `run` holds their records.
std::size_t failed_cells(const std::vector<SearchOutcome>& outcomes, const Run& run);

/// Writes folder/search.json: the trials of each search, in order.
void write_searches(const std::vector<SearchOutcome>& outcomes, const std::filesystem::path& folder);

}  // namespace frugal::harness
