// The cells of a plan file, in what order they run, and how they are called on screen.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/workload.hpp"

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

/// In the order in which they run: that of the plan, or (measure.order) one that a seed draws, the same for the cells
/// that are left of it, too. Plans run one after another.
std::vector<PlannedCell> in_run_order(std::vector<PlannedCell> cells);

/// Those of the cells' JSON, "seed" among them.
std::vector<std::string> varying_paths(const std::vector<const Cell*>& cells);

/// The FLOP of a cell's training, where its parameters alone tell (Workload::known_metrics).
std::optional<double> known_flops(const PlannedCell& cell, const Workloads& workloads);

/// What this machine lacks for these cells, with place and reason, each once. Empty: all can run.
std::vector<std::string> unavailable(const std::vector<PlannedCell>& cells);

}  // namespace frugal::harness
