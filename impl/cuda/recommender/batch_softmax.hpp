// The softmax loss over the items of the step's positives (impl/api/two_tower.hpp), on distinct users and items:
//
//   z(u, i) the score,  b(i) = log(positions of i in the step / share of i in the interactions)
//   L(u) = log of the sum over i that are no positive of u in the step of exp(z(u, i) + b(i))
//   of positive p = (u, i):  s = z(u, i) - log(share of i),  loss = log(1 + exp(L(u) - s)),  slope = exp(-loss) - 1
//   of competitor i of u:    slope = exp(z(u, i) + b(i) + a(u)),  a(u) = log of the sum over u's p of exp(-s - loss)
//
// all slopes over the number of positives. A user's own positives are kept out by a mask, not by subtraction.
//
// Shapes: outputs [rows, width] of both towers. Scores are computed in tiles of 64 x 64, once for L and once from
// either side for the gradients, and never kept: memory stays that of the batch, and no two blocks add to one row.
// Deterministic: a row belongs to one block, which goes over the other side in order. Against `reference`:
// eps * sqrt(width + batch) * 8.
#pragma once
#include <cstdint>

#include "impl/cuda/recommender/two_tower_step.hpp"

namespace frugal::cuda {

class BatchSoftmax {
 public:
  /// Room for the distinct users and items of a step.
  BatchSoftmax(const TwoTowerShape& shape, std::size_t users, std::size_t items);

  /// The shares of the items.
  void set_interactions(const DeviceBuffer<Interaction>& positives, const Stream& stream);

  /// losses, and slopes over the number of positives, of the step's positives, [batch].
  void score(const TwoTowerStep* step, const TowerRows& users, const TowerRows& items, float* losses, float* slopes,
             const Stream& stream);

  /// After score(): adds what competing items send into users, and the other way round, to the gradients of their
  /// outputs.
  void add_competitors(const TwoTowerStep* step, const TowerRows& users, const TowerRows& items, float* d_users,
                       float* d_items, const Stream& stream) const;

 private:
  TwoTowerShape shape_;
  std::uint32_t most_users_;
  std::uint32_t most_items_;
  DeviceBuffer<std::uint32_t> counts_;  ///< [items]: of each item in the interactions
  DeviceBuffer<float> rareness_;        ///< [items]: -log share
  DeviceBuffer<float> item_terms_;      ///< [rows of items]: b
  DeviceBuffer<float> user_sums_;       ///< [rows of users]: L
  DeviceBuffer<float> user_terms_;      ///< [rows of users]: a
};

}  // namespace frugal::cuda
