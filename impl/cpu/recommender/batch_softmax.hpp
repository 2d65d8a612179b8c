// The softmax loss of a two-tower network over the items of its batch, without a matrix of all scores.
//
// With c(i) the positions of the step that hold item i, q(i) its share of the interactions, and I(u) the items of user
// u's positives in the step, all that compete with a positive of u are the items outside of I(u), whichever positive it
// is. So a user has one sum, of logarithm L(u) = log(sum over i not in I(u) of exp(z(u, i) + b(i))), b(i) = log(c(i) /
// q(i)), and a positive p of it has
//   loss(p) = log(1 + exp(L(u) - s(p))) = BCE(s(p) - L(u), 1),   s(p) = z(u, i_p) - log q(i_p):
// the loss and the slope of binary cross-entropy at another logit. Beside the positives' slopes, a score of the others
// has the slope exp(z(u, i) + b(i) - L(u)) a(u), a(u) = -(sum of the slopes of u's positives).
//
// Scores are products of a block of users and a block of items; the passes back compute them again, from either side,
// rather than keep them: memory stays that of the batch, and no two threads add to one row.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/specs.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/matmul.hpp"
#include "impl/cpu/recommender/sorted_ids.hpp"

namespace frugal::cpu {

/// Outputs [rows, width] of the distinct ids of one side, in whole blocks: rows beyond the ids are finite.
struct SoftmaxSide {
  const SortedIds& ids;
  const float* outputs;
};

/// One thread's products.
class SoftmaxWorker {
 public:
  SoftmaxWorker(int block, long width);

 private:
  friend class BatchSoftmax;
  Matmul scores_;           // [block, block] = rows * columns^T
  Matmul add_;              // [block, width] += slopes * columns
  AlignedBuffer<float> z_;  // [block, block]
};

class BatchSoftmax {
 public:
  /// block: users, or items, a product. batch: positives a step.
  BatchSoftmax(int block, long width, std::uint32_t items, std::size_t batch);

  /// Shares of the items in what all ranks have; positives: this one's.
  void set_interactions(std::span<const Interaction> positives, Communicator& ranks);

  /// Before the passes of a step.
  void start(const SortedIds& items);

  /// Losses, and slopes times weight, of the positives of the users in this block.
  void learn(SoftmaxWorker& worker, const SoftmaxSide& users, const SoftmaxSide& items, std::size_t user_block,
             float weight, float* losses, float* slopes);

  /// After learn() of the own blocks: all ranks have what the passes back need. user_blocks [ranks + 1].
  void gather(Communicator& ranks, std::span<const std::size_t> user_blocks) {
    gather_rows(ranks, user_term_.data(), block_, user_blocks);
  }

  /// d_output [block, width] += what the competing items send into the users of a block; of their positives, the caller
  /// adds the rest. After learn() of all blocks.
  void add_to_users(SoftmaxWorker& worker, const SoftmaxSide& users, const SoftmaxSide& items, std::size_t user_block,
                    float* d_output) const;
  void add_to_items(SoftmaxWorker& worker, const SoftmaxSide& users, const SoftmaxSide& items, std::size_t item_block,
                    float* d_output) const;

 private:
  void scores(SoftmaxWorker& worker, const SoftmaxSide& rows, const SoftmaxSide& columns, std::size_t row_block,
              std::size_t column_block) const;
  void add(SoftmaxWorker& worker, const SoftmaxSide& rows, const SoftmaxSide& columns, std::size_t row_block,
           const float* row_terms, const float* column_terms, float* d_output) const;

  std::size_t block_;
  long width_;
  std::vector<float> rareness_;     // -log q of each item
  AlignedBuffer<float> item_term_;  // [rows of items]: b
  AlignedBuffer<float> user_term_;  // [rows of users]: log a - L
};

}  // namespace frugal::cpu
