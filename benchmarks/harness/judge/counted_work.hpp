// Counted instructions as a witness beside paired times: they hardly vary, so they show a small difference in work that
// no clock on a busy machine can. They are no verdict: more instructions may take less time.
#pragma once
#include <optional>
#include <span>
#include <string>

namespace frugal::harness {

/// Counts of equal work differ by less than this share: layout of memory, messages that depend on the clock.
inline constexpr double equal_counts = 0.001;

/// What the counts of one cell's runs say.
struct CountedWork {
  double ratio = 1;   ///< median of the new program's over that of the old one's
  double spread = 0;  ///< of the middle half of a program's counts, over their median; the larger one of the two

  /// Where runs of one program differ among themselves, counts tell nothing: threads that wait may spin.
  bool is_steady() const { return spread <= equal_counts; }
  bool is_other_work() const { return is_steady() && (ratio > 1 + equal_counts || ratio < 1 - equal_counts); }
};

/// Nothing where one of the two has fewer than four counts.
std::optional<CountedWork> counted_work(std::span<const double> old_counts, std::span<const double> new_counts);

/// "instructions: new / old = 1.0500 (counted)", or that they tell nothing, and why.
std::string to_text(const CountedWork& work);

}  // namespace frugal::harness
