// Contract: recommenders. A two-tower network learns from positives alone (it draws its own negatives); a DLRM learns
// from labelled examples with dense and categorical features. Two kinds of training data, so two classes.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/api/ranking.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// State tensors: "user_embedding" [users, dim], "item_embedding" [items, dim], "user_tower.<l>.weight" [out, in],
/// "user_tower.<l>.bias" [out], the same for "item_tower", and Adam's moments under "adam.m/" and "adam.v/" of
/// everything that is trained (frozen embeddings have none).
/// Initial embeddings: as the factorizer's, times init_stddev. Tower weights U(+-sqrt(6/(in+out))) (Glorot), biases 0:
/// word i of Philox(seed, Purpose::weights), stream l for the user tower and 100 + l for the item tower.
///
/// Step t (from 0) is step t mod S of epoch t div S, S = ceil(n / batch). Position p of epoch e trains on positive
/// Permutation(n, seed, e)(p) against items Philox(seed, Purpose::negatives).below(items, p * negatives + k, e).
/// Loss: mean BCE over the (1 + negatives) * batch examples of the step. Gradients of a row are summed over the step.
class TwoTower : public Model, public Ranker {
 public:
  /// The training sample: users and items in range of the spec.
  virtual void set_interactions(std::span<const Interaction> positives) = 0;

  /// Continues the schedule by `steps` optimiser steps; returns the loss of each, before its update.
  virtual std::vector<double> train(std::uint64_t steps) = 0;

  /// Logits of given pairs.
  virtual std::vector<float> score(std::span<const Interaction> pairs) const = 0;
};

/// Labelled examples, one row each.
struct ClickBatch {
  std::span<const float> dense;        ///< [n, dense_features]
  std::span<const std::uint32_t> ids;  ///< [n, tables]
  std::span<const float> labels;       ///< [n], 0 or 1; may be empty for prediction
};

/// State tensors: "table.<t>" [rows, dim], "bottom.<l>.weight" [out, in], "bottom.<l>.bias" [out], "top...." likewise,
/// and optimiser state under "adagrad/" (row-wise: [rows] for tables) or "adam.m/", "adam.v/".
/// Initial tables: U(+-1/sqrt(rows)), word i of Philox(seed, Purpose::user_embedding), stream t. Dense layers: normal
/// i of Philox(seed, Purpose::weights), stream l (bottom) and 100 + l (top), times sqrt(2/(in+out)); biases: stream
/// 200 + l and 300 + l, times sqrt(1/out). (The laws of Meta's reference implementation.)
/// `dot` concatenates the bottom output (first) with the dots of all pairs i > j of [bottom output, rows...], in
/// order (1,0), (2,0), (2,1), ...; `cat` concatenates bottom output and rows.
class Dlrm : public Model {
 public:
  /// One optimiser step on the batch (any size from 1 to spec.batch); returns the mean BCE before the update.
  /// Embedding gradients of a row are summed over the batch before one update; rows not in the batch do not move.
  virtual double train_step(const ClickBatch& batch) = 0;

  /// Logits. out: [n], n any size.
  virtual void predict(const ClickBatch& batch, std::span<float> out) const = 0;
};

}  // namespace frugal
