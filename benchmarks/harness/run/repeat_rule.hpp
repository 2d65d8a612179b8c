// When has a cell been run often enough? Only what its plan asks for in `measure`.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "benchmarks/harness/plan/measure.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Half the width of the 95% interval of the median over the median: between two order statistics that the true median
/// lies between with at least that probability, whatever the distribution (Thompson, Ann. Math. Statist. 7, 1936).
/// Nothing below six values, or where the median is 0.
std::optional<double> median_rel_ci(std::span<const double> values);

class RepeatRule {
 public:
  /// timeout_s: of the whole cell (limits.timeout_s); 0: none.
  RepeatRule(const Measure& measure, double timeout_s) : measure_(measure), timeout_s_(timeout_s) {}

  /// A repeat of so many seconds of stages, and so many with what is outside them, is complete, `elapsed_s` after the
  /// cell began. True: it was the last.
  bool is_last(double sample_s, double repeat_s, double elapsed_s);

  /// Why it was, where a plan left it open: by what was reached first. A repeat that would end after the timeout is not
  /// begun.
  const std::optional<Sampling>& sampling() const { return sampling_; }

 private:
  Measure measure_;
  double timeout_s_;
  std::vector<double> samples_;
  double measured_s_ = 0;
  double longest_s_ = 0;  ///< repeat
  std::optional<Sampling> sampling_;
};

}  // namespace frugal::harness
