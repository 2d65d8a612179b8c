// Runs over time: where did a figure change? The rule is that of a check. Each figure has a reference, at first the oldest
// run that has it. Every later run is held against the reference; where it is better, worse or changed, that is a change
// point, and the run becomes the new reference. So a drift too slow for any two neighbours is found too, once it exceeds
// the tolerance. Times begin anew where the machine, or the number of threads, is another one; all figures of a cell begin
// anew where it read other data under the same name, and all of a run that has no seed in common with the reference.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

struct TrendPoint {
  std::size_t run = 0;  ///< index into Trend::runs
  double mean = 0;
  std::optional<double> half_width{};  ///< of the 95% interval
  int n = 0;                           ///< seeds
  std::string change{};                ///< "slower: +30% ± 2%", "another machine", "other data"; empty: none
  bool is_change = false;              ///< a change point
};

/// One metric of one cell.
struct TrendSeries {
  std::string suite;
  std::string cell;
  std::string metric;
  std::string unit;
  MetricDescriptor::Direction direction = MetricDescriptor::Direction::informative;
  std::vector<TrendPoint> points{};
};

struct Trend {
  std::vector<const Run*> runs;  ///< in order of their commits' dates, where all say them, else of their own
  bool by_commit = false;        ///< are they commits' dates?
  std::vector<TrendSeries> series{};
  std::vector<std::string> notes{};  ///< of runs that share no cell with any before them
};

/// The runs must outlive it.
Trend trend_of(std::span<const Run> runs, double time_tolerance = compared_time_tolerance);

/// A table with a plot for each metric that changed, and for the total time; or for `metrics` alone. Throws UserError on
/// a metric that no run has.
std::vector<Table> trend_tables(const Trend& trend, const std::vector<std::string>& metrics = {});

}  // namespace frugal::harness
