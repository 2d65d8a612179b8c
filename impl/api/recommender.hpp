// Contract: recommenders. A two-tower network learns from positives alone (it draws its own negatives); a DLRM learns
// from labelled examples with dense and categorical features. Two kinds of training data, so two classes.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/api/ranking.hpp"
#include "impl/common/recommender/click_batch.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// State tensors: "user_embedding" [users, dim], "item_embedding" [items, dim], "user_features" [users, user_features]
/// and "item_features" [items, item_features] (each only where the spec has them), "user_tower.<l>.weight" [out, in],
/// "user_tower.<l>.bias" [out], the same for "item_tower", and Adam's moments under "adam.m/" and "adam.v/" of
/// everything that is trained (frozen embeddings and features have none).
/// Side features are fixed: zero until a state is imported that has them, and never trained. A tower's input is the
/// embedding row followed by the feature row.
/// Initial embeddings: as the factorizer's, times init_stddev. Tower weights U(+-sqrt(6/(in+out))) (Glorot), biases 0:
/// word i of Philox(seed, Purpose::weights), stream l for the user tower and 100 + l for the item tower.
///
/// Step t (from 0) is step t mod S of epoch t div S, S = ceil(n / batch). Position p of epoch e trains on positive
/// (u_p, i_p) = Permutation(n, seed, e)(p). Gradients of a row are summed over the step. The loss is the mean,
///   bce            over the (1 + negatives) * batch examples of the step, of the BCE of score(u_p, i_p) against 1 and
///   of
///                  score(u_p, j) against 0, j = Philox(seed, Purpose::negatives).below(items, p * negatives + k, e);
///   batch_softmax  over the step's positives, of -log(exp(s(p, p)) / (exp(s(p, p)) + sum over j in N_p of exp(s(p,
///   j)))),
///                  s(p, j) = score(u_p, i_j) - log(q(i_j)), q(i) the share of item i in the given interactions (the
///                  probability that a position of the batch holds it; Yi et al., RecSys 2019). N_p: the positions j of
///                  the step whose item is not a positive of u_p in this very step. That masks accidental hits of i_p,
///                  and the user's other positives. An item that stands at several positions counts as often.
class TwoTower : public Model, public Ranker {
 public:
  /// The training sample: users and items in range of the spec.
  virtual void set_interactions(std::span<const Interaction> positives) = 0;

  /// Continues the schedule by `steps` optimiser steps; returns the loss of each, before its update.
  virtual std::vector<double> train(std::uint64_t steps) = 0;

  /// Logits of given pairs.
  virtual std::vector<float> score(std::span<const Interaction> pairs) const = 0;
};

/// State tensors: "table.<t>" [rows, dim], "bottom.<l>.weight" [out, in], "bottom.<l>.bias" [out], "top...." likewise,
/// and optimiser state under "adagrad/" (row-wise: [rows] for tables) or "adam.m/", "adam.v/".
/// Initial tables: U(+-1/sqrt(rows)), word i of Philox(seed, Purpose::user_embedding), stream t. Dense layers: normal
/// i of Philox(seed, Purpose::weights), stream l (bottom) and 100 + l (top), times sqrt(2/(in+out)); biases: stream
/// 200 + l and 300 + l, times sqrt(1/out). (The laws of Meta's reference implementation.)
/// Frozen tables have no optimiser state and never change.
/// What a table gives an example is the sum of the rows of its bag (ClickBatch), called its row here.
/// `dot` concatenates the bottom output (first) with the dots of all pairs i > j of [bottom output, rows...], in
/// order (1,0), (2,0), (2,1), ...; `cat` concatenates bottom output and rows.
class Dlrm : public Model {
 public:
  /// One optimiser step on the batch (any size from 1 to spec.batch); returns the mean BCE before the update.
  /// Embedding gradients of a row are summed over the batch, once for each time a bag names it, before one update; rows
  /// not in the batch do not move.
  virtual double train_step(const ClickBatch& batch) = 0;

  /// Logits. out: [n], n any size.
  virtual void predict(const ClickBatch& batch, std::span<float> out) const = 0;
};

}  // namespace frugal
