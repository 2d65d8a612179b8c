// Contract: the deep learning recommendation model. It learns from labelled examples with dense and categorical
// features.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/api/model.hpp"
#include "impl/common/recommender/click_batch.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// DLRM (Naumov et al., arXiv 1906.00091; DlrmSpec has the shapes).
///
/// State tensors: `table.T` [rows, dim], `bottom.L.weight` [out, in], `bottom.L.bias` [out], `top.L.weight` and
/// `top.L.bias` likewise, and the optimiser's state of each under `adagrad/` (row-wise: [rows] for tables) or `adam.m/`
/// and `adam.v/`. Frozen tables have no optimiser state and never change. step = optimiser steps done.
/// Initial tables: U(+-1/sqrt(rows)), word i of Philox(seed, Purpose::user_embedding), stream T. Dense layers: normal i
/// of Philox(seed, Purpose::weights), stream L (bottom) and 100 + L (top), times sqrt(2/(in+out)); biases: stream
/// 200 + L and 300 + L, times sqrt(1/out). (The laws of Meta's reference implementation.)
///
/// Steps and epochs: epoch_schedule.hpp over the n given examples, in batches of spec.batch; position p of epoch e is
/// example Permutation(n, seed, e)(p).
///
/// What a table gives an example is the sum of the rows of its bag (ClickBatch), called its row here.
/// `dot` concatenates the bottom output (first) with the dots of all pairs i > j of [bottom output, rows...], in
/// order (1,0), (2,0), (2,1), ...; `cat` concatenates bottom output and rows.
class Dlrm : public Model {
 public:
  /// The training sample: any number of labelled examples. A back end may read them where they are: they must stay, as
  /// they are, until others are given or the model goes. Throws std::invalid_argument, before anything is changed, when
  /// they cannot be read (require_readable).
  virtual void set_examples(const ClickBatch& examples) = 0;

  /// Continues the schedule by `steps` optimiser steps; returns the mean binary cross-entropy of each step's batch,
  /// before its update: [steps]. Embedding gradients of a row are summed over the batch, once for each time a bag names
  /// it, before one update; rows not in the batch do not move. Throws std::invalid_argument when there are steps to take
  /// and no examples.
  virtual std::vector<double> train(std::uint64_t steps) = 0;

  /// Logits of any number of examples n into out [n]; labels are not read. Throws as set_examples().
  virtual void predict(const ClickBatch& examples, std::span<float> out) const = 0;
};

}  // namespace frugal
