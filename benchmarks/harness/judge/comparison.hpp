// What a check compares, before anybody has judged it: collected cell by cell (collect.cpp), judged all together
// (decide.cpp), since the noise of one cell is learned from the others too.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/study/pooled_variance.hpp"

namespace frugal::harness {

/// One metric of one cell on both sides.
struct Comparison {
  Finding finding;  ///< all but verdict and message
  std::string unit;
  MetricDescriptor::Direction direction = MetricDescriptor::Direction::informative;
  bool exact = false;       ///< there is no noise
  int disturbed = 0;        ///< times that were left out: measured beside other work
  bool collapsed = false;   ///< every seed of the run is at 0, where higher is better
  std::string family;       ///< comparisons of one family are about equally noisy: suite, metric, and what noise is
  double scale = 1;         ///< what noise is relative to, so that cells of any length of time are one family
  Variance noise{};         ///< of the difference of one pair, or of one seed where there are no pairs; over scale^2
  double share = 1;         ///< squared standard error of the difference over scale^2 noise
  double share_of_one = 1;  ///< the share, were there one seed (on each side)
};

struct Collected {
  std::vector<Finding> settled;  ///< what needs no statistics: missing cells, seeds and metrics, disturbed times
  std::vector<Comparison> comparisons;
  std::string why_not_exact;
  std::vector<std::string> notes;
  std::size_t new_cells = 0;
  std::size_t left_out = 0;
};
Collected collect(const Run& run, const Baseline& baseline, bool subset);

/// The findings of all comparisons, in their order.
std::vector<Finding> decide(const std::vector<Comparison>& comparisons);

}  // namespace frugal::harness
