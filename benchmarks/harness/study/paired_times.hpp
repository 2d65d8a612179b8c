// Is the new program slower than the old one? A test on pairs of times that were measured right after one another, which
// looks at the data while they come in and always ends.
//
// What is tested are the logarithms of the ratios new / old. Whatever disturbs a machine disturbs either half of a pair
// alike, so that under the null hypothesis they are symmetric around 0, however heavy their tails: Wilcoxon's signed-rank
// test is exact for that (Biometrics Bulletin 1, 1945). The probabilities of error are divided by the number of looks
// (Bonferroni), so that looking early costs no trust.
#pragma once
#include <span>
#include <vector>

namespace frugal::harness {

/// The rank sum W of the positive values, ranked by magnitude; ties share their mean rank, zeros are left out.
struct SignedRanks {
  double sum = 0;
  int n = 0;  ///< values that are not zero
};
SignedRanks signed_ranks(std::span<const double> values);

/// P(W >= sum) for n values that are symmetric around 0; exact where there are no ties.
double signed_rank_tail(int n, double sum);

/// The median of all means of two values (each with itself, too): Hodges and Lehmann's estimate of the center.
double center_of(std::span<const double> values);

/// With a probability of 1 - `miss` the center lies below this; infinity when the values are too few to say.
double upper_bound(std::span<const double> values, double miss);

struct PairedRule {
  double slowdown = 0.03;      ///< what must not be missed: 3%
  double false_alarm = 0.001;  ///< of all tests together, that equal programs are called slower or faster
  double miss = 0.05;          ///< that a slowdown as large is called the same
  int tests = 1;               ///< cells that are tested
};

/// After so many pairs a decision is tried; the last is the end.
inline constexpr int looks[] = {8, 16, 24, 32, 48, 64, 96, 128, 192};

enum class PairedVerdict {
  undecided,  ///< more pairs are needed
  slower,     ///< statistically significant, and by more than half of the slowdown that matters
  faster,     ///< likewise
  same,       ///< less slow than what matters
  ambiguous   ///< the pairs are at their end, and nothing can be said
};

/// log_ratios: of all pairs so far. Decides at the numbers of pairs in `looks` only, else `undecided`.
PairedVerdict decide_pairs(const PairedRule& rule, std::span<const double> log_ratios);

}  // namespace frugal::harness
