// The parts of a plan that several machines share: which cells each gets.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// What cells cost, in one unit for all of them.
struct CellCosts {
  std::vector<double> of;  ///< in the order of the cells
  std::string unit;        ///< as people say it: "FLOP of training"
};

/// By the work of training where the plan alone tells it of all cells, else by their number: the same on every machine.
CellCosts planned_costs(const std::vector<PlannedCell>& cells, const Workloads& workloads);

/// For each cell its shard of `count`, from 0. The dearest cell is dealt first, each to the shard that has least so
/// far. Of shards that have as much, the turn decides: each round of `count` cells begins one shard further on, so that
/// no axis whose length divides `count` stays with one shard.
std::vector<std::size_t> deal(const std::vector<double>& costs, std::size_t count);

/// All of `count` shards, by planned_costs(); each keeps the order of the cells.
std::vector<std::vector<PlannedCell>> all_shards(const std::vector<PlannedCell>& cells, std::size_t count,
                                                 const Workloads& workloads);

/// The Ith of N shards, "I/N" with 1 <= I <= N. Throws UserError.
std::vector<PlannedCell> shard(const std::vector<PlannedCell>& cells, const std::string& which,
                               const Workloads& workloads);

}  // namespace frugal::harness
