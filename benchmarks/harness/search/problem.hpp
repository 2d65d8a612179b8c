// What a strategy sees of a search: structures on ordered axes, what is known of them before anything runs, and how to
// tell the better of two.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"

namespace frugal::harness {

using MetricValues = std::map<std::string, double>;

/// One point of the space.
struct Structure {
  std::vector<std::size_t> at;      ///< axis by axis: which of its values
  std::vector<double> coordinates;  ///< the same from 0 to 1, by the logarithm where the values have one
  MetricValues known;               ///< at full fidelity, before anything runs
  std::vector<double> cost;         ///< expected, of one evaluation at each fidelity; positive
  /// By the records of other data: how far it stays below the best, in the unit of the objective.
  std::optional<double> expected_gap{};
};

struct Problem {
  std::vector<Structure> structures;  ///< those that the known metrics allow; at least one axis
  std::string objective;
  bool maximize = true;
  std::vector<MetricBound> bounds;
  std::vector<double> fidelities{1};  ///< from low to high, as share of the full one, which is the last
  double budget = 0.25;               ///< of the cost of all structures at full fidelity

  std::size_t axes() const { return structures.front().at.size(); }
  std::size_t full() const { return fidelities.size() - 1; }
  /// Of all structures.
  bool knows(const std::string& metric) const;
};

/// How good a structure is.
struct Score {
  double value = 0;      ///< the objective, its sign such that more is better
  double violation = 0;  ///< of the bounds, each relative to its limit, added up; 0: within all; infinite: no value
};

/// Whatever is within the bounds is better than what is not; then the objective counts, or the smaller violation.
bool better(const Score& a, const Score& b);

/// From the means over the seeds. Below full fidelity, what is known stands in for what was measured: FLOPs of a short
/// training say nothing of the bound.
Score score_of(const Problem& problem, const Structure& structure, const MetricValues& measured, bool at_full_fidelity);

/// A plan's search before its strategies begin.
struct SearchSpace {
  Problem problem;
  std::vector<std::size_t> first_cell;  ///< of each structure, in plan.cells: its seeds follow one another
  std::size_t seeds = 0;
  std::size_t beyond_bounds = 0;  ///< structures that the known metrics rule out
  std::string nearest_miss;       ///< the least of these, in words, when none is left
  /// Of each data set in the records: how far the choice of all the others stays below its best.
  std::vector<double> left_out{};
};

/// `plan` must have a search, and be of this workload.
SearchSpace make_search_space(const Plan& plan, const Workload& workload);

/// "grid=4 width=64".
std::string structure_text(const Plan& plan, const Structure& structure);

/// "psnr[between] 21.2 is below 25": the bounds that the values break.
std::string broken_bounds_text(const std::vector<MetricBound>& bounds, const MetricValues& values);

}  // namespace frugal::harness
