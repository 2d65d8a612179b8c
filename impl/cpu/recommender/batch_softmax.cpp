#include "impl/cpu/recommender/batch_softmax.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "impl/cpu/kernels/recommender_kernels.hpp"
#include "impl/cpu/runs.hpp"

namespace frugal::cpu {
namespace {

/// A logarithm so low that its exponential adds nothing, with room to add to it.
constexpr float nothing = -1e30F;

std::size_t rounded_up(std::size_t n, std::size_t block) { return (n + block - 1) / block * block; }

}  // namespace

SoftmaxWorker::SoftmaxWorker(int block, long width)
    : scores_({.m = block, .n = block, .k = width, .transpose_b = true}),
      add_({.m = block, .n = width, .k = block, .accumulate = true}),
      z_(static_cast<std::size_t>(block) * static_cast<std::size_t>(block)) {}

BatchSoftmax::BatchSoftmax(int block, long width, std::uint32_t items, std::size_t batch)
    : block_(static_cast<std::size_t>(block)),
      width_(width),
      rareness_(items),
      item_term_(rounded_up(batch, block_)),
      user_term_(rounded_up(batch, block_)) {}

void BatchSoftmax::set_interactions(std::span<const Interaction> positives, Communicator& ranks) {
  std::vector<std::uint32_t> counts(rareness_.size());
  for (const Interaction& positive : positives) ++counts[positive.item];
  add_up(ranks, counts);
  const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
  for (std::size_t i = 0; i < counts.size(); ++i)
    rareness_[i] = counts[i] > 0 ? static_cast<float>(std::log(n / static_cast<double>(counts[i]))) : 0.F;
}

void BatchSoftmax::start(const SortedIds& items) {
  for (std::size_t r = 0; r < items.rows(); ++r)
    item_term_[r] = rareness_[items.distinct()[r]] + std::log(static_cast<float>(items.positions(r).size()));
  std::fill(item_term_.data() + items.rows(), item_term_.end(), nothing);
  std::fill(user_term_.begin(), user_term_.end(), nothing);
}

/// z_ = the scores of the block, `nothing` where a row's own positives are.
void BatchSoftmax::scores(SoftmaxWorker& worker, const SoftmaxSide& rows, const SoftmaxSide& columns,
                          std::size_t row_block, std::size_t column_block) const {
  const std::size_t first_row = row_block * block_;
  const std::size_t first_column = column_block * block_;
  worker.scores_(rows.outputs + first_row * width_, columns.outputs + first_column * width_, worker.z_.data());
  const std::size_t last_row = std::min(first_row + block_, rows.ids.rows());
  for (std::size_t r = first_row; r < last_row; ++r)
    for (const std::uint32_t p : rows.ids.positions(r)) {
      const std::size_t column = columns.ids.row_of()[p] - first_column;  // wraps round when it lies before
      if (column < block_) worker.z_[(r - first_row) * block_ + column] = nothing;
    }
}

void BatchSoftmax::learn(SoftmaxWorker& worker, const SoftmaxSide& users, const SoftmaxSide& items,
                         std::size_t user_block, float weight, float* losses, float* slopes) {
  const RecommenderKernels& kernels = recommender_kernels();
  const long width = static_cast<long>(block_);
  const std::size_t first = user_block * block_;
  const std::size_t last = std::min(first + block_, users.ids.rows());
  std::vector<float> largest(block_, nothing);
  std::vector<float> sum(block_, 0.F);
  for (std::size_t tile = 0; tile * block_ < items.ids.rows(); ++tile) {
    scores(worker, users, items, user_block, tile);
    for (std::size_t r = 0; r < last - first; ++r)
      kernels.add_exponentials(worker.z_.data() + r * block_, item_term_.data() + tile * block_, width, &largest[r],
                               &sum[r]);
  }
  constexpr float label = 1;
  for (std::size_t r = first; r < last; ++r) {
    const bool alone = largest[r - first] < 0.5F * nothing;  // all items of the step are the user's own
    const float log_sum = largest[r - first] + std::log(sum[r - first]);
    float slope_sum = 0;
    for (const std::uint32_t p : users.ids.positions(r)) {
      losses[p] = slopes[p] = 0;
      if (alone) continue;
      const std::uint32_t item = items.ids.row_of()[p];
      float logit = 0;
      kernels.gather_dots(users.outputs + r * width_, items.outputs, &item, 1, width_, &logit);
      logit += rareness_[items.ids.distinct()[item]] - log_sum;
      kernels.cross_entropy(&logit, &label, weight, 1, losses + p, slopes + p);
      slope_sum -= slopes[p];
    }
    if (slope_sum > 0) user_term_[r] = std::log(slope_sum) - log_sum;
  }
}

void BatchSoftmax::add(SoftmaxWorker& worker, const SoftmaxSide& rows, const SoftmaxSide& columns,
                       std::size_t row_block, const float* row_terms, const float* column_terms,
                       float* d_output) const {
  for (std::size_t tile = 0; tile * block_ < columns.ids.rows(); ++tile) {
    scores(worker, rows, columns, row_block, tile);
    for (std::size_t r = 0; r < block_; ++r)
      recommender_kernels().exponentials(worker.z_.data() + r * block_, row_terms[row_block * block_ + r],
                                         column_terms + tile * block_, static_cast<long>(block_));
    worker.add_(worker.z_.data(), columns.outputs + tile * block_ * width_, d_output);
  }
}

void BatchSoftmax::add_to_users(SoftmaxWorker& worker, const SoftmaxSide& users, const SoftmaxSide& items,
                                std::size_t user_block, float* d_output) const {
  add(worker, users, items, user_block, user_term_.data(), item_term_.data(), d_output);
}

void BatchSoftmax::add_to_items(SoftmaxWorker& worker, const SoftmaxSide& users, const SoftmaxSide& items,
                                std::size_t item_block, float* d_output) const {
  add(worker, items, users, item_block, item_term_.data(), user_term_.data(), d_output);
}

}  // namespace frugal::cpu
