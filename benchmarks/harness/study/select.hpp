// Which cells a question is about: those of a plan that run, and those of a run that a table shows.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"

namespace frugal::harness {

/// Dotted path -> the values it may have.
using Conditions = std::vector<std::pair<std::string, std::vector<Json>>>;

/// The pairs of "path=value[,path=value...]", as --`option` takes them. Values are YAML ("[64, 32]", 0.1, cpu);
/// "dataset=NAME" stands for dataset.name. Throws UserError on a path that none of the cells has.
std::vector<std::pair<std::string, Json>> read_where(const std::string& option, const std::string& expression,
                                                     std::span<const Json* const> cells);

/// Keeps the cells that match every pair of read_where("only", expression). Throws UserError when nothing matches.
std::vector<PlannedCell> only(std::vector<PlannedCell> cells, const std::string& expression);

}  // namespace frugal::harness
