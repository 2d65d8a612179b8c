// Is one recommender better than another, user by user, or is it chance that these users were tested?
#pragma once
#include <span>

namespace frugal::harness {

struct UserDifference {
  double mean = 0;
  double low = 0;   ///< of the 95% interval
  double high = 0;  ///< of the 95% interval
  double p = 1;
};

/// differences: a value for each user, at least one. The interval is that of the percentiles of 10,000 means of as many
/// users, drawn with replacement (the bootstrap, Efron 1979). p: how often of 10,000 random swaps of the two sides, user by
/// user, the mean is as far from 0 or farther (a randomisation test, two sided; Smucker, Allan & Carterette 2007); the
/// swap of nobody counts as one, so p is never 0. Philox, Purpose::resample, one seed: the same values give the same
/// answer.
UserDifference difference_over_users(std::span<const double> differences);

}  // namespace frugal::harness
