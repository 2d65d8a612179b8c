#include <algorithm>
#include <bit>

#include "impl/cuda/kernels/cross_entropy.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/ranking/ranking.hpp"
#include "impl/cuda/recommender/two_tower_step.hpp"

namespace frugal::cuda {
namespace {

__global__ void begin(TwoTowerShape shape, std::uint64_t positives, const Progress* progress, TwoTowerStep* out) {
  *out = two_tower_step(shape, positives, progress->step);
}

__global__ void draw(TwoTowerShape shape, const TwoTowerStep* step, const Interaction* positives,
                     std::uint32_t* user_ids, std::uint32_t* item_ids) {
  const std::uint32_t e = blockIdx.x * blockDim.x + threadIdx.x;
  if (e >= shape.batch * shape.examples) return;
  const std::uint32_t p = e / shape.examples;
  const std::uint32_t k = e % shape.examples;
  const bool padding = p >= step->count;
  const std::uint64_t position = step->first + p;
  if (k == 0) {
    const Interaction positive = padding ? Interaction{shape.users, shape.items} : positives[step->order(position)];
    user_ids[p] = positive.user;
    item_ids[e] = positive.item;
  } else {
    item_ids[e] =
        padding ? shape.items : step->random.below(shape.items, position * (shape.examples - 1) + k - 1, step->epoch);
  }
}

constexpr unsigned score_threads = 128;

/// `lanes` lanes an example: a power of two that divides a warp. 32 bits do not count all threads.
__global__ void __launch_bounds__(score_threads) score(TwoTowerShape shape, const TwoTowerStep* step, TowerRows users,
                                                       TowerRows items, unsigned lanes, float* losses, float* slopes) {
  const std::uint32_t e = blockIdx.x * (score_threads / lanes) + threadIdx.x / lanes;
  const unsigned lane = threadIdx.x % lanes;
  const std::uint32_t examples = step->count * shape.examples;
  const bool present = e < examples;
  float z = 0;
  if (present) {
    const float* u = users.outputs[users.ids.row_of[e / shape.examples]];
    const float* v = items.outputs[items.ids.row_of[e]];
    for (unsigned k = lane; k < users.outputs.width; k += lanes) z += u[k] * v[k];
  }
  z = sum_over_lanes(z, lanes, 0xffffffffU);
  if (!present || lane != 0) return;
  const float label = e % shape.examples == 0 ? 1.F : 0.F;
  losses[e] = cross_entropy(z, label);
  slopes[e] = cross_entropy_slope(z, label) / static_cast<float>(examples);
}

__global__ void __launch_bounds__(mean_threads) finish(TwoTowerShape shape, const TwoTowerStep* step,
                                                       const float* losses, Progress* progress, double* loss_of_steps) {
  const std::uint32_t examples = step->count * shape.examples;
  const double sum = sum_over_block(losses, examples);
  if (threadIdx.x != 0) return;
  loss_of_steps[progress->done] = sum / static_cast<double>(examples);
  ++progress->done;
  ++progress->step;
}

constexpr unsigned delta_threads = 128;

/// One warp a distinct row: d[row] = sum over its examples of slope * output of the other side.
__global__ void __launch_bounds__(delta_threads)
    sum_user_deltas(TwoTowerShape shape, TowerRows users, TowerRows items, const float* slopes, float* d) {
  const std::uint32_t r = blockIdx.x * (delta_threads / 32) + threadIdx.x / 32;
  if (r >= *users.ids.rows) return;
  const unsigned width = users.outputs.width;
  for (unsigned k = threadIdx.x % 32; k < width; k += 32) {
    float sum = 0;
    for (std::uint32_t i = users.ids.begin[r]; i < users.ids.begin[r + 1]; ++i) {
      const std::uint32_t first = users.ids.positions[i] * shape.examples;
      for (std::uint32_t e = first; e < first + shape.examples; ++e)
        sum += slopes[e] * items.outputs[items.ids.row_of[e]][k];
    }
    d[std::size_t{r} * width + k] = sum;
  }
}

__global__ void __launch_bounds__(delta_threads)
    sum_item_deltas(TwoTowerShape shape, TowerRows users, TowerRows items, const float* slopes, float* d) {
  const std::uint32_t r = blockIdx.x * (delta_threads / 32) + threadIdx.x / 32;
  if (r >= *items.ids.rows) return;
  const unsigned width = items.outputs.width;
  for (unsigned k = threadIdx.x % 32; k < width; k += 32) {
    float sum = 0;
    for (std::uint32_t i = items.ids.begin[r]; i < items.ids.begin[r + 1]; ++i) {
      const std::uint32_t e = items.ids.positions[i];
      sum += slopes[e] * users.outputs[users.ids.row_of[e / shape.examples]][k];
    }
    d[std::size_t{r} * width + k] = sum;
  }
}

__global__ void score_each(Rows users, Rows items, std::uint32_t pairs, float* scores) {
  const std::uint32_t p = blockIdx.x * blockDim.x + threadIdx.x;
  if (p < pairs) scores[p] = pair_score(users[p], items[p], 0, users.width);
}

}  // namespace

void begin_step(const TwoTowerShape& shape, std::uint64_t positives, const Progress* progress, TwoTowerStep* step,
                const Stream& stream) {
  launch({"begin_step", 1, 1}, stream, begin, shape, positives, progress, step);
}

void draw_batch(const TwoTowerShape& shape, const TwoTowerStep* step, const Interaction* positives,
                std::uint32_t* user_ids, std::uint32_t* item_ids, const Stream& stream) {
  launch({"draw_batch", blocks_for(std::uint64_t{shape.batch} * shape.examples, 256), 256}, stream, draw, shape, step,
         positives, user_ids, item_ids);
}

void score_examples(const TwoTowerShape& shape, const TwoTowerStep* step, const TowerRows& users,
                    const TowerRows& items, float* losses, float* slopes, const Stream& stream) {
  const unsigned lanes = std::min(32U, std::bit_ceil((users.outputs.width + 3) / 4));
  launch(
      {"score_examples", blocks_for(std::uint64_t{shape.batch} * shape.examples * lanes, score_threads), score_threads},
      stream, score, shape, step, users, items, lanes, losses, slopes);
}

void finish_step(const TwoTowerShape& shape, const TwoTowerStep* step, const float* losses, Progress* progress,
                 double* loss_of_steps, const Stream& stream) {
  launch({"finish_step", 1, mean_threads}, stream, finish, shape, step, losses, progress, loss_of_steps);
}

void sum_deltas(const TwoTowerShape& shape, const TowerRows& users, const TowerRows& items, const float* slopes,
                float* d_users, float* d_items, const Stream& stream) {
  constexpr unsigned rows = delta_threads / 32;
  launch({"sum_user_deltas", blocks_for(std::min(shape.batch, shape.users), rows), delta_threads}, stream,
         sum_user_deltas, shape, users, items, slopes, d_users);
  launch({"sum_item_deltas", blocks_for(std::min(shape.batch * shape.examples, shape.items), rows), delta_threads},
         stream, sum_item_deltas, shape, users, items, slopes, d_items);
}

void score_pairs(const Rows& users, const Rows& items, std::uint32_t pairs, float* scores, const Stream& stream) {
  launch({"score_pairs", blocks_for(pairs, 128), 128}, stream, score_each, users, items, pairs, scores);
}

}  // namespace frugal::cuda
