// What a check compares, before anybody has judged it: collected cell by cell (collect.cpp), judged all together
// (decide.cpp), since the noise of one cell is learned from the others too.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/joined_cells.hpp"
#include "benchmarks/harness/study/pooled_variance.hpp"

namespace frugal::harness {

/// How noisy a difference of two sides is.
struct DifferenceNoise {
  Variance one{};           ///< of the difference of one pair, or of one seed where there are no pairs
  double share = 1;         ///< squared standard error of the difference over `one`
  double share_of_one = 1;  ///< the share, were there one seed (on each side)
};

/// One metric of one cell on both sides.
struct Comparison {
  Finding finding;  ///< all but verdict and message
  std::string unit;
  MetricDescriptor::Direction direction = MetricDescriptor::Direction::informative;
  bool exact = false;      ///< there is no noise
  bool equal = false;      ///< every seed gave the same bits on both sides: nothing is left to test
  int disturbed = 0;       ///< times that were left out: measured beside other work
  bool collapsed = false;  ///< every seed of the run is at 0, where higher is better
  std::string family;      ///< comparisons of one family are about equally noisy: suite, metric, and what noise is
  double scale = 1;        ///< what noise is relative to, so that cells of any length of time are one family
  DifferenceNoise noise;   ///< of difference(), over scale^2
  /// Of times, all of which are above 0, what is tested in place of the difference: the logarithm of their ratio to the
  /// baseline, the mean over pairs, or that of one side's logarithms less that of the other's.
  std::optional<double> log_ratio{};

  /// Of what is tested: current - baseline, or the logarithm of their ratio.
  double difference() const { return log_ratio ? *log_ratio : *finding.current - *finding.baseline; }
  /// The same of the tolerance.
  double tolerance() const;
};

struct Collected {
  std::vector<Finding> settled;  ///< what needs no statistics: missing cells, seeds and metrics, disturbed times
  std::vector<Comparison> comparisons;
  std::string why_not_exact;
  std::vector<std::string> notes;
  std::size_t new_cells = 0;
  std::size_t left_out = 0;
};

/// One cell on both sides.
struct CellPair {
  const CellGroup& baseline;
  const CellGroup* current;  ///< null: the run has it not
  std::string suite;
  std::string label;
};

/// What holds for all cells of a comparison.
struct CellRules {
  std::span<const Tolerance> tolerances;
  const Provenance& before;
  const Provenance& run;
  bool exact = false;   ///< Collected::why_not_exact is empty
  bool subset = false;  ///< cells and seeds may lack
};

/// Adds all that is to be said of one cell (collect_cell.cpp).
void collect_cell(const CellPair& pair, const CellRules& rules, Collected& collected);

/// What may have changed a bit between two runs beside the code; empty: nothing.
std::string why_not_exact(const Run& run, const Run& baseline);

/// What a reader must know of both sides.
std::vector<std::string> notes_of(const Run& run, const Run& baseline);

/// For `frugal check`: every cell of the baseline.
Collected collect(const Run& run, const Baseline& baseline, bool subset);

/// For `frugal compare`: the cells that two runs share.
Collected collect(const JoinedRuns& joined, const Run& run, const Run& base, std::span<const Tolerance> tolerances);

/// The findings of all comparisons, in their order.
std::vector<Finding> decide(const std::vector<Comparison>& comparisons);

/// The total times of all cells together (speed.cpp), by the same rule as each of them; nothing when none was compared.
std::optional<Speed> speed_of(std::span<const Comparison> comparisons);

}  // namespace frugal::harness
