// What steps of training take: their positives and negatives, drawn, and grouped by user and by item. Nothing of it
// depends on a parameter, so it is worked out for many steps at once, beside the training of the steps before.
//
// One block a step and side draws the ids and sorts them: a stable radix sort of eight bits a pass within the block,
// whose warps have a strip of positions each. The distinct ids, their positions, and for each example the row of its
// partner on the other side follow from the order.
//
// Deterministic: exact, all integers; the lists are those of IdGroups (id_sort.hpp).
#pragma once
#include <cstdint>

#include "impl/cuda/recommender/two_tower_step.hpp"

namespace frugal::cuda {

/// One side of a step, as the kernels of a step read it.
struct PlannedSide {
  IdGroups::View ids;
  /// The partners of row r: partners[ids.begin[r] * examples] ... partners[ids.begin[r + 1] * examples - 1], in the
  /// order of its positions. A partner is twice the row on the other side, plus 1 where the example is a positive.
  const std::uint32_t* partners;
  std::uint32_t examples;  ///< of a position: E of a user's, 1 of an item's
};

struct PlannedStep {
  const TwoTowerStep* step;
  PlannedSide users;
  PlannedSide items;
};

/// Room for the plans of steps() steps.
class TowerPlan {
 public:
  explicit TowerPlan(const TwoTowerShape& shape);

  /// How many steps are planned at once: as many as fit in 16 MiB, at most 16.
  static std::uint32_t steps(const TwoTowerShape& shape);

  /// Makes as if its steps were those from `first` on, so that fill() of another plan starts behind them.
  void set_first(std::uint64_t first, const Stream& stream);

  /// Plans the steps that follow those of `before`. Only launches.
  void fill(const TowerPlan& before, const DeviceBuffer<Interaction>& positives, const Stream& stream);

  /// The step at this place, from 0 on.
  PlannedStep at(std::uint32_t place) const;

 private:
  /// All places of one side, one behind the other.
  struct Side {
    Side(std::uint32_t ids, std::uint32_t bound, std::uint32_t places);
    std::uint32_t n;         ///< ids of a step at most
    std::uint32_t bound;     ///< above all ids
    std::uint32_t capacity;  ///< rows of a step at most
    unsigned passes;         ///< of the sort
    DeviceBuffer<std::uint32_t> ids[2];
    DeviceBuffer<std::uint32_t> order[2];
    DeviceBuffer<std::uint32_t> distinct;
    DeviceBuffer<std::uint32_t> begin;
    DeviceBuffer<std::uint32_t> rows;

    IdGroups::View at(std::uint32_t place) const;
  };

  TwoTowerShape shape_;
  Side users_;
  Side items_;
  DeviceBuffer<std::uint32_t> user_partners_;
  DeviceBuffer<TwoTowerStep> steps_;
  DeviceBuffer<std::uint64_t> first_;  ///< [1]: number of the step at place 0
};

}  // namespace frugal::cuda
