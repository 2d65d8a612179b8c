// Contract: the two-tower recommender, stage 2 of CADC. It learns from positives alone: it draws its own negatives.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/api/ranking.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// score(u, i) = tower_user(e_u, x_u) . tower_item(e_i, x_i): embedding rows e and side features x through dense layers
/// (TwoTowerSpec).
///
/// State tensors: `user_embedding` [users, dim], `item_embedding` [items, dim], `user_features` [users, user_features]
/// and `item_features` [items, item_features] (each only where the spec has them), `user_tower.L.weight` [out, in],
/// `user_tower.L.bias` [out] of layer L, the same for `item_tower`, and Adam's moments under `adam.m/` and `adam.v/` of
/// everything that is trained (frozen embeddings and features have none). step = optimiser steps done.
/// Side features are fixed: zero until a state is imported that has them, and never trained. A tower's input is the
/// embedding row followed by the feature row.
/// Initial embeddings: as the factorizer's, times init_stddev. Tower weights U(+-sqrt(6/(in+out))) (Glorot & Bengio
/// 2010), biases 0: word i of Philox(seed, Purpose::weights), stream L for the user tower and 100 + L for the item
/// tower.
///
/// Steps and epochs: epoch_schedule.hpp over the n given positives. Position p of epoch e trains on positive
/// (u_p, i_p) = Permutation(n, seed, e)(p). Gradients of a row are summed over the step, and a row that no example of
/// the step uses does not move. The loss is a mean:
///
///   - bce: over the (1 + negatives) * batch examples of the step, of the binary cross-entropy of score(u_p, i_p)
///     against 1 and of score(u_p, j) against 0, with
///         j = Philox(seed, Purpose::negatives).below(items, p * negatives + k, e),  k = 0 ... negatives - 1.
///   - batch_softmax: over the positives of the step, of
///         -log(exp(s(p, p)) / (exp(s(p, p)) + sum over j in N_p of exp(s(p, j)))),
///         s(p, j) = score(u_p, i_j) - log(q(i_j)),
///     q(i) the share of item i in the given interactions (the probability that a position of the batch holds it; Yi et
///     al., RecSys 2019). N_p: the positions j of the step whose item is not a positive of u_p in this very step. That
///     masks accidental hits of i_p, and the user's other positives. An item that stands at several positions counts as
///     often.
class TwoTower : public Model, public Ranker {
 public:
  /// The training sample [n]. Throws std::invalid_argument when a user or an item is beyond those of the spec.
  virtual void set_interactions(std::span<const Interaction> positives) = 0;

  /// Continues the schedule by `steps` optimiser steps; returns the loss of each, before its update: [steps].
  /// Throws std::invalid_argument when there are steps to take and no interactions.
  virtual std::vector<double> train(std::uint64_t steps) = 0;

  /// Logits of given pairs [n], in their order. Users and items in range of the spec.
  virtual std::vector<float> score(std::span<const Interaction> pairs) const = 0;
};

}  // namespace frugal
