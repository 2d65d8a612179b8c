// DLRM's feature interaction. impl/reference/recommender/dlrm.cpp has the formulas.
//
// Shapes: x_0 = bottom output, x_t = sum of a bag of rows of table t-1, `vectors` of them; q [examples, inputs of the
// top MLP]. One thread block an example: its vectors come into shared memory once, for all pairs. Deterministic: each
// dot product and each gradient is one sum in a fixed order, by one thread. Against `reference`: eps * sqrt(dim +
// vectors + bag) * 8.
#pragma once
#include <cstdint>

#include "impl/common/specs.hpp"
#include "impl/cuda/recommender/dlrm_step.hpp"

namespace frugal::cuda {

/// What an example's vectors are summed from.
struct DlrmRows {
  const float* tables;  ///< [all rows, dim], one table behind the other
  DlrmBags bags;
};

/// Shared memory that a block of the interaction needs: the vectors and the gradients of q.
std::size_t interaction_shared_bytes(const DlrmShape& shape);

/// q from the bottom output [examples, bottom].
void interact(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, Count examples, float* q,
              const Stream& stream);

/// From d_q, rows gradient_stride() apart: d_bottom [examples, bottom] and d_bags [examples, tables, dim].
void interact_backward(const DlrmShape& shape, const DlrmRows& rows, const float* bottom, const float* d_q,
                       Count examples, float* d_bottom, float* d_bags, const Stream& stream);

}  // namespace frugal::cuda
