// DLRM's feature interaction, and the loss on its logits. impl/reference/recommender/dlrm.cpp has the formulas.
//
// Shapes: x_0 = bottom output, x_t = sum of a bag of rows of table t-1, `vectors` of them; q [examples, inputs of the
// top MLP]. One thread block an example: its vectors come into shared memory once, for all pairs. Deterministic: each
// dot product and each gradient is one sum in a fixed order, by one thread. Against `reference`: eps * sqrt(dim +
// vectors + bag) * 8.
#pragma once
#include <cstdint>

#include "impl/common/specs.hpp"
#include "impl/cuda/kernels/update.hpp"
#include "impl/cuda/recommender/dense_stack.hpp"

namespace frugal::cuda {

/// The numbers of a spec that kernels need.
struct DlrmShape {
  explicit DlrmShape(const DlrmSpec& spec);
  FeatureInteraction interaction;
  unsigned tables;
  unsigned dim;
  unsigned bottom;  ///< width of the bottom output; dim for dot
  unsigned inputs;  ///< of the top MLP

  /// Shared memory that a block of the interaction needs: the vectors and the gradients of q.
  std::size_t shared_bytes() const;
};

/// One step, or one pass of a prediction, from the host.
struct DlrmStep {
  std::uint32_t examples;
  std::uint32_t lookups;  ///< ids in all bags
  bool one_each;          ///< every bag has one id
  UpdateStep update;
};

/// The bags of a batch: bag e * tables + t is lookups begins[bag] .. begins[bag + 1] - 1 (not read when one_each).
struct DlrmBags {
  const DlrmStep* step;
  const std::uint32_t* begins;

  __device__ std::uint32_t begin(std::uint32_t bag) const { return step->one_each ? bag : begins[bag]; }
};

/// What number_lookups finds out about each lookup, [most lookups].
struct DlrmLookups {
  std::uint32_t* rows;    ///< counted over all tables; that of a lookup beyond the batch is `bound`
  std::uint32_t* sorted;  ///< the same, to be sorted
  std::uint32_t* bags;    ///< which bag it is in
};

/// Where an example's rows are: all tables one behind the other.
struct DlrmRows {
  const float* tables;  ///< [all rows, dim]
  DlrmBags bags;
  const std::uint32_t* rows;  ///< of each lookup
};

/// From ids within each table, and where each table starts.
void number_lookups(const DlrmShape& shape, const DlrmBags& bags, const std::uint32_t* ids,
                    const std::uint32_t* table_begins, std::uint32_t bound, std::uint32_t most_lookups,
                    const DlrmLookups& lookups, const Stream& stream);

/// q from the bottom output [examples, bottom].
void interact(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, Count examples, float* q,
              const Stream& stream);

/// From d_q: d_bottom [examples, bottom] and d_bags [examples, tables, dim].
void interact_backward(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, const float* d_q,
                       Count examples, float* d_bottom, float* d_bags, const Stream& stream);

/// losses[e], and slopes[e]: the derivative of their mean by logit e.
void score_clicks(const DlrmStep* step, std::uint32_t most_examples, const float* logits, const float* labels,
                  float* losses, float* slopes, const Stream& stream);

/// *mean = the mean of the step's losses.
void mean_loss(const DlrmStep* step, const float* losses, double* mean, const Stream& stream);

}  // namespace frugal::cuda
