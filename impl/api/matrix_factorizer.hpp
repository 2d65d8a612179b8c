// Contract: factorisation of the user-item matrix, stage 1 of CADC.
#pragma once
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/api/ranking.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// Factors and biases of users and items (MfSpec). What ranks an item for a user is u.v + item bias.
///
/// State tensors: `user_factors` [users, dim], `item_factors` [items, dim], and for logistic_sgd `user_bias` [users],
/// `item_bias` [items], `global_bias` [1]. step = epochs done.
/// `global_bias` starts at log(1 / negatives), the log-odds of a positive among its examples, and is never updated: one
/// number that every example moves would forbid parallel updates, and the user and item biases can make up for it.
/// Initial factors: normal k*dim + j of Philox(seed, Purpose::user_embedding / item_embedding), times the stddev.
///
/// One epoch of logistic_sgd visits every example of MfSchedule once, in its order; one of ials solves all users and
/// then all items.
class MatrixFactorizer : public Model, public Ranker {
 public:
  /// The positives: distinct pairs, users and items in range of the spec. Their order is part of the seed: the examples
  /// of logistic_sgd are drawn by position. Throws std::invalid_argument on a pair out of range, or more of them than the
  /// back end counts.
  virtual void set_interactions(std::span<const Interaction> positives) = 0;

  /// The same, of so many that they are held packed. A back end that takes them in one piece only unpacks them.
  virtual void set_packed_interactions(const PackedPairs& positives) { set_interactions(positives.unpacked()); }

  /// Trains `epochs` epochs, going on from `step`; returns the mean loss of each, [epochs] (logistic_sgd: BCE without
  /// the L2 term, per example, before each update; ials: the objective of Rendle et al., RecSys 2022, eq. 1, divided by
  /// the number of positives). Throws std::logic_error before set_interactions().
  virtual std::vector<double> train(int epochs) = 0;
};

}  // namespace frugal
