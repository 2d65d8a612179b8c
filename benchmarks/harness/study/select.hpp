// Which cells a question is about: those of a plan that run, and those of a run that a table shows.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"

namespace frugal::harness {

/// Dotted path -> the values it may have.
using Conditions = std::vector<std::pair<std::string, std::vector<Json>>>;

/// Has the JSON (of a cell, of a cell with its machine) at each path one of the values?
bool meets(const Json& view, const Conditions& conditions);

/// Keeps the cells that match every pair of "path=value[,path=value...]". Values are YAML ("[64, 32]", 0.1, cpu);
/// "dataset=NAME" stands for dataset.name. Throws UserError on an unknown path, or when nothing matches.
std::vector<PlannedCell> only(std::vector<PlannedCell> cells, const std::string& expression);

}  // namespace frugal::harness
