// Which cells of a plan file a command is about, and how they are called on screen.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/plan/plan.hpp"

namespace frugal::harness {

/// A cell of a plan file with what is asked of it again and again. Points into the PlanFile.
struct PlannedCell {
  const Plan* plan = nullptr;
  const Cell* cell = nullptr;
  std::string id;
  Json json;          ///< cell->to_json()
  std::string label;  ///< "keep_fraction=0.1 seed=2": what varies between the cells of its plan
};

/// All cells in order. A cell that two plans share is one cell, of the first.
std::vector<PlannedCell> planned_cells(const PlanFile& file);

/// Those of the cells' JSON, "seed" among them.
std::vector<std::string> varying_paths(const std::vector<const Cell*>& cells);

/// A JSON value as people write it: strings without quotes, lists in brackets.
std::string plain_value(const Json& value);

/// Keeps the cells that match every pair of "path=value[,path=value...]". Values are YAML ("[64, 32]", 0.1, cpu);
/// "dataset=NAME" stands for dataset.name. Throws UserError on an unknown path, or when nothing matches.
std::vector<PlannedCell> only(std::vector<PlannedCell> cells, const std::string& expression);

/// Every Nth cell from the Ith: "I/N" with 1 <= I <= N. Throws UserError.
std::vector<PlannedCell> shard(const std::vector<PlannedCell>& cells, const std::string& which);

}  // namespace frugal::harness
