// The kernels of a two-tower step beside its dense layers: what the step is, its examples, their loss, and the gradient
// of every distinct row's output. impl/reference/recommender/two_tower.cpp has the formulas.
//
// Shapes: E = 1 + negatives examples a positive, example e = p * E + k of position p of the batch, k = 0 the positive.
// The batch has room for spec.batch positives; a step with fewer pads its ids with the number of users (items).
// Deterministic: exact draws; a row's gradient is one sum over its examples in their order, by one warp. Against
// `reference`: eps * sqrt(width + examples) * 8.
#pragma once
#include <cstdint>

#include "impl/base/permutation.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/epoch_schedule.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/update.hpp"
#include "impl/cuda/recommender/dense_stack.hpp"

namespace frugal::cuda {

/// The numbers of a spec that kernels need.
struct TwoTowerShape {
  explicit TwoTowerShape(const TwoTowerSpec& spec)
      : users(spec.users),
        items(spec.items),
        batch(static_cast<std::uint32_t>(spec.batch)),
        examples(spec.loss == TwoTowerLoss::bce ? 1 + static_cast<std::uint32_t>(spec.negatives) : 1),
        rule{OptimizerKind::adam, spec.adam},
        seed(spec.seed) {}
  std::uint32_t users;
  std::uint32_t items;
  std::uint32_t batch;
  std::uint32_t examples;  ///< of a positive: itself and its negatives; of batch_softmax, itself
  UpdateRule rule;
  std::uint64_t seed;
};

/// How far training is: a step counts itself on, so that one recorded graph does all of them.
struct Progress {
  std::uint64_t step;  ///< of the model
  std::uint64_t done;  ///< of this call; losses[done] is the next
};

/// One step, worked out on the device from its number.
struct TwoTowerStep {
  Permutation order;
  Philox random;
  std::uint32_t epoch;
  std::uint64_t first;  ///< position in the epoch of the batch's first positive
  std::uint32_t count;  ///< positives of the batch
  UpdateStep update;
  std::uint64_t number;  ///< counted from 0
};

__device__ inline TwoTowerStep two_tower_step(const TwoTowerShape& shape, std::uint64_t positives,
                                              std::uint64_t number) {
  const EpochSchedule schedule(positives, shape.batch, shape.seed);
  const EpochSchedule::Step step = schedule.at(number);
  return {schedule.order(step.epoch),
          Philox(shape.seed, Purpose::negatives),
          step.epoch,
          step.first,
          static_cast<std::uint32_t>(step.count),
          update_step(shape.rule, number + 1),
          number};
}

/// Row r of the outputs of a tower is that of distinct id r of the batch.
struct TowerRows {
  Rows outputs;
  IdGroups::View ids;
};

void begin_step(const TwoTowerShape& shape, std::uint64_t positives, const Progress* progress, TwoTowerStep* step,
                const Stream& stream);

/// user_ids [batch], item_ids [batch * E].
void draw_batch(const TwoTowerShape& shape, const TwoTowerStep* step, const Interaction* positives,
                std::uint32_t* user_ids, std::uint32_t* item_ids, const Stream& stream);

/// Of loss bce. losses [batch * E]: the cross-entropy of each example; slopes likewise: the derivative of their mean by
/// its score.
void score_examples(const TwoTowerShape& shape, const TwoTowerStep* step, const TowerRows& users,
                    const TowerRows& items, float* losses, float* slopes, const Stream& stream);

/// losses[progress.done] = the mean over the step's examples; then counts progress on.
void finish_step(const TwoTowerShape& shape, const TwoTowerStep* step, const float* losses, Progress* progress,
                 double* loss_of_steps, const Stream& stream);

/// What the examples send into the outputs of all distinct users and items, [rows, width] each.
void sum_deltas(const TwoTowerShape& shape, const TowerRows& users, const TowerRows& items, const float* slopes,
                float* d_users, float* d_items, const Stream& stream);

/// scores[p] = users[p] . items[p], by the arithmetic of ranking.hpp.
void score_pairs(const Rows& users, const Rows& items, std::uint32_t pairs, float* scores, const Stream& stream);

}  // namespace frugal::cuda
