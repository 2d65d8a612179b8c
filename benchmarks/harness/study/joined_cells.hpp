// The cells that two runs share, seed by seed: what a comparison of machines, back ends or commits rests on.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/study/cell_groups.hpp"

namespace frugal::harness {

/// One cell of A and of B that differ in back end and machine only.
struct JoinedCell {
  CellGroup a;
  CellGroup b;
  std::size_t seeds = 0;  ///< that ended well on both sides
  std::string suite{};    ///< "cadc.cpu", "cadc.reference → cpu"
  std::string label{};    ///< "ml-1m keep_fraction=0.1"
};

struct JoinedRuns {
  std::vector<JoinedCell> cells;
  bool same_backend = true;  ///< else each back end of A met each of B
  std::size_t only_a = 0;    ///< records without a partner
  std::size_t only_b = 0;
  std::size_t of_unknown_data = 0;  ///< of which one side does not say what its files held
};

/// Joins on workload, data set, parameters and seed; on the back end too when the runs have one in common (otherwise
/// each back end of A meets each of B). The runs must outlive the result. Throws UserError when no seed of any cell
/// ended well on both sides, or when the two read different data.
JoinedRuns join_runs(const Run& a, const Run& b);

}  // namespace frugal::harness
