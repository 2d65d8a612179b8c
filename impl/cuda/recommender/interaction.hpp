// DLRM's feature interaction, from the rows of the tables to the operand of the top MLP, and back. The formulas are in
// impl/reference/recommender/dlrm.cpp.
//
// Shapes: x_0 = bottom output, x_t = sum of a bag of rows of table t-1; q [examples, inputs of the top MLP]. A block has
// up to batch_block examples; of dot, their vectors come into shared memory once, for all pairs. A bag of one row is
// read where it lies; other bags are summed first, one value a thread, and read as sums in both directions.
//
// Deterministic: each sum of a bag, dot product and gradient is one sum in a fixed order, by one thread. Against
// `reference`: eps * sqrt(dim + vectors + bag) * 8.
#pragma once
#include <cstdint>

#include "impl/cuda/recommender/dlrm_step.hpp"

namespace frugal::cuda {

/// Where the vectors of bags are: vector b is row rows[b], or, where rows is null, row b.
struct DlrmVectors {
  const float* data;
  const std::uint32_t* rows;

  __device__ const float* operator()(const DlrmShape& shape, std::uint32_t bag) const {
    return data + std::size_t{rows == nullptr ? bag : rows[bag]} * shape.dim;
  }
};

/// What interact_backward() writes.
struct DlrmGradients {
  OperandPair bottom;  ///< of the bottom output, masked by it
  float* bottom_sums;  ///< its column sums, of each block's examples: [blocks, bottom]
  float* bags;         ///< [examples, tables, dim]
};

/// Examples of a block.
unsigned interaction_block(const DlrmShape& shape);
/// Shared memory that a block of one example needs.
std::size_t least_interaction_bytes(const DlrmShape& shape);

/// sums [batch, tables, dim] of the rows of each bag.
void sum_bags(const DlrmShape& shape, const float* tables, const DlrmBags& bags, Count examples, float* sums,
              const Stream& stream);

/// q from the bottom output [examples, bottom].
void interact(const DlrmShape& shape, Precision precision, const DlrmVectors& vectors, const float* bottom,
              Count examples, const OperandPair& q, const Stream& stream);

/// From d_q, rows gradient_stride() apart.
void interact_backward(const DlrmShape& shape, Precision precision, const DlrmVectors& vectors, const float* bottom,
                       const float* d_q, Count examples, const DlrmGradients& to, const Stream& stream);

}  // namespace frugal::cuda
