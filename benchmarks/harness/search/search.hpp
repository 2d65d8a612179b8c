// A search from its plan to what each strategy found: evaluations are cells of the ordinary kind, which the strategies
// share, but each strategy is charged for everything it asked for.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/search/strategies.hpp"

namespace frugal::harness {

/// By cell id.
using CellRecords = std::map<std::string, CellRecord>;

/// Brings the records of all these cells, whether they have run before or must run now. Throws Interrupted.
using RunCells = std::function<void(const std::vector<PlannedCell>&)>;

/// A trial with the records behind it.
struct SearchTrial {
  Trial trial;
  std::vector<std::string> cells;  ///< ids, one a seed
  double cost = 0;                 ///< metric `cost` of the plan's search, all seeds together
  double seconds = 0;              ///< all stages, all seeds together; of one repeat
};

struct StrategyOutcome {
  Strategy strategy = Strategy::exhaustive;
  std::vector<SearchTrial> trials;  ///< in the order in which they were asked for
  std::optional<std::size_t> best;  ///< of the trials at full fidelity; nothing: all of them failed
  double cost = 0;
  double seconds = 0;

  /// The best, when it is within the bounds.
  const SearchTrial* found() const;
};

struct SearchOutcome {
  const Plan* plan = nullptr;
  SearchSpace space;
  std::vector<StrategyOutcome> strategies;  ///< in the plan's order; empty when the known bounds leave no structure

  const StrategyOutcome* exhaustive() const;
  /// Did any strategy find a structure within the bounds?
  bool found() const;
};

/// `say` gets a line before and after each strategy. `records` must have what `run` has brought.
SearchOutcome run_search(const Plan& plan, const Workload& workload, const CellRecords& records, const RunCells& run,
                         const std::function<void(const std::string&)>& say);

/// "38 structures of 72: 30 are beyond the bounds that are known before a run, 4 cannot be built (...)".
std::string space_text(const Plan& plan, const SearchSpace& space);

/// For search.json: of each strategy the trials in order, with the best so far, its result and its costs.
Json to_json(const SearchOutcome& outcome);

}  // namespace frugal::harness
