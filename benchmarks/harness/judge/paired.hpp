// Two builds of the program, or two settings, timed in turns: is the new one slower? The one way to judge times on a
// machine that others use as well: what disturbs it disturbs both. Runs nothing itself; decides by study/paired_times.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/study/paired_times.hpp"

namespace frugal::harness {

/// One run of one cell by one of the two.
struct TimedRun {
  double seconds = 0;                    ///< all stages
  double others = 0;                     ///< cores that other work took meanwhile, stolen time included
  std::optional<double> instructions{};  ///< of all stages; nothing: not counted
};

enum class Side { old_one, new_one };

/// Runs cell `index` once.
using TimeCell = std::function<TimedRun(Side side, std::size_t index)>;

/// A pair whose halves differ by more than this in what other work took, in cores, says more of that work than of the
/// programs, and does not count.
inline constexpr double uneven_cores = 0.3;

/// Times each cell in pairs, the order within a pair old-new, new-old, new-old, old-new, ... so that a drift cancels,
/// until every cell is decided. A pair too uneven does not count; a cell of which most pairs do not is ambiguous.
/// Counted instructions change no verdict; where a cell's differ, a note says so (judge/counted_work.hpp).
/// cells: findings with id, suite and cell filled in. say: a line for people after each look.
Judgement judge_pairs(std::vector<Finding> cells, PairedRule rule, const TimeCell& time_cell,
                      const std::function<void(const std::string&)>& say);

}  // namespace frugal::harness
