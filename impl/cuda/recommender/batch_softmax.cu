#include <algorithm>

#include "impl/cuda/kernels/product.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/batch_softmax.hpp"

namespace frugal::cuda {
namespace {

// A tile of scores is one of product.hpp.
constexpr unsigned side = product_tile;
constexpr unsigned depth = product_depth;
constexpr unsigned own = product_own;
constexpr unsigned apart = product_apart;
constexpr unsigned tile_threads = product_threads;

using Tile = float[depth][product_stride];

__global__ void count_items(const Interaction* positives, std::uint32_t n, std::uint32_t* counts) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(&counts[positives[i].item], 1U);
}

__global__ void find_rareness(const std::uint32_t* counts, std::uint32_t items, std::uint32_t positives,
                              float* rareness) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < items) rareness[i] = logf(static_cast<float>(positives) / static_cast<float>(counts[i]));
}

__global__ void find_item_terms(IdGroups::View items, const float* rareness, float* terms) {
  const std::uint32_t r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < *items.rows)
    terms[r] = rareness[items.ids[r]] + logf(static_cast<float>(items.begin[r + 1] - items.begin[r]));
}

/// A tile of scores, of the rows of one side and the columns of the other, and which of its pairs are positives.
/// Every thread of the block calls its functions.
struct ScoreTile {
  Tile row_tile;
  Tile column_tile;
  std::uint64_t positives[side];  ///< of each row: bit c when column first_column + c is a positive

  /// scores[i][j] of row first_row + i_lane + i * apart and the column likewise; 0 beyond the rows and columns.
  __device__ void compute(const TowerRows& rows, const TowerRows& columns, std::uint32_t first_row,
                          std::uint32_t first_column, float (&scores)[own][own]) {
    const std::uint32_t row_count = *rows.ids.rows;
    const std::uint32_t column_count = *columns.ids.rows;
    const unsigned width = rows.outputs.width;
    for (auto& row : scores)
      for (float& score : row) score = 0;
    __syncthreads();  // the tile before this one may still be read
    if (threadIdx.x < side) mark(rows, columns, first_row + threadIdx.x, row_count, first_column);
    for (unsigned first_k = 0; first_k < width; first_k += depth) {
      load_product_tile(row_tile, ByInputRows{rows.outputs}, first_row, row_count, first_k, width);
      load_product_tile(column_tile, ByInputRows{columns.outputs}, first_column, column_count, first_k, width);
      __syncthreads();
      add_products(row_tile, column_tile, scores);
      __syncthreads();
    }
  }

  __device__ bool positive(unsigned row, unsigned column) const { return (positives[row] >> column & 1) != 0; }

 private:
  __device__ void mark(const TowerRows& rows, const TowerRows& columns, std::uint32_t row, std::uint32_t row_count,
                       std::uint32_t first_column) {
    std::uint64_t bits = 0;
    if (row < row_count)
      for (std::uint32_t i = rows.ids.begin[row]; i < rows.ids.begin[row + 1]; ++i) {
        const std::uint32_t column = columns.ids.row_of[rows.ids.positions[i]] - first_column;
        if (column < side) bits |= std::uint64_t{1} << column;
      }
    positives[threadIdx.x] = bits;
  }
};

/// log(exp(most) * sum) as two numbers, to which terms are added without overflow.
struct LogSum {
  float most;
  float sum;

  __device__ void add(float x) {
    if (x > most) {
      sum = sum * expf(most - x) + 1;
      most = x;
    } else {
      sum += expf(x - most);
    }
  }
  __device__ void add(const LogSum& other) {
    if (other.sum == 0) return;
    if (other.most > most) {
      sum = sum * expf(most - other.most) + other.sum;
      most = other.most;
    } else {
      sum += other.sum * expf(other.most - most);
    }
  }
  __device__ float value() const { return most + logf(sum); }
};

__device__ inline LogSum nothing() { return {-INFINITY, 0}; }

/// log_sums[u] = L(u); minus infinity where nothing competes.
__global__ void __launch_bounds__(tile_threads)
    sum_competitors(TowerRows users, TowerRows items, const float* item_terms, float* log_sums) {
  __shared__ ScoreTile tile;
  __shared__ LogSum parts[side][apart + 1];
  const std::uint32_t first_user = blockIdx.x * side;
  const std::uint32_t user_count = *users.ids.rows;
  const std::uint32_t item_count = *items.ids.rows;
  if (first_user >= user_count) return;
  const unsigned row_lane = threadIdx.x / apart;
  const unsigned column_lane = threadIdx.x % apart;
  LogSum sums[own];
  for (LogSum& sum : sums) sum = nothing();
  for (std::uint32_t first_item = 0; first_item < item_count; first_item += side) {
    float scores[own][own];
    tile.compute(users, items, first_user, first_item, scores);
    for (unsigned j = 0; j < own; ++j) {
      const unsigned column = column_lane + j * apart;
      if (first_item + column >= item_count) continue;
      const float term = item_terms[first_item + column];
      for (unsigned i = 0; i < own; ++i)
        if (!tile.positive(row_lane + i * apart, column)) sums[i].add(scores[i][j] + term);
    }
  }
  for (unsigned i = 0; i < own; ++i) parts[row_lane + i * apart][column_lane] = sums[i];
  __syncthreads();
  if (threadIdx.x >= side || first_user + threadIdx.x >= user_count) return;
  LogSum total = nothing();
  for (unsigned c = 0; c < apart; ++c) total.add(parts[threadIdx.x][c]);
  log_sums[first_user + threadIdx.x] = total.value();
}

constexpr unsigned user_threads = 128;

/// One warp a distinct user, over its positives.
__global__ void __launch_bounds__(user_threads)
    score_positives(const TwoTowerStep* step, TowerRows users, TowerRows items, const float* rareness,
                    const float* log_sums, float* losses, float* slopes, float* user_terms) {
  const std::uint32_t u = blockIdx.x * (user_threads / 32) + threadIdx.x / 32;
  if (u >= *users.ids.rows) return;
  const unsigned lane = threadIdx.x % 32;
  const float* const output = users.outputs[u];
  const auto count = static_cast<float>(step->count);
  LogSum term = nothing();
  for (std::uint32_t n = users.ids.begin[u]; n < users.ids.begin[u + 1]; ++n) {
    const std::uint32_t p = users.ids.positions[n];
    const std::uint32_t i = items.ids.row_of[p];
    const float* const other = items.outputs[i];
    float score = 0;
    for (unsigned k = lane; k < users.outputs.width; k += 32) score += output[k] * other[k];
    score = sum_over_warp(score) + rareness[items.ids.ids[i]];
    const float behind = log_sums[u] - score;
    const float loss = fmaxf(behind, 0.F) + log1pf(expf(-fabsf(behind)));
    term.add(-score - loss);
    if (lane == 0) {
      losses[p] = loss;
      slopes[p] = expm1f(-loss) / count;
    }
  }
  if (lane == 0) user_terms[u] = term.value();
}

/// d[row] += sum over columns that compete with the row of slope * output of the column.
__global__ void __launch_bounds__(tile_threads)
    add_slopes(const TwoTowerStep* step, TowerRows rows, TowerRows columns, const float* row_terms,
               const float* column_terms, float* d) {
  __shared__ ScoreTile tile;
  __shared__ float slopes[side][side + 1];  // [column, row]
  __shared__ Tile outputs;                  // `depth` values of the columns, a quarter of the columns at a time
  const std::uint32_t first_row = blockIdx.x * side;
  const std::uint32_t row_count = *rows.ids.rows;
  const std::uint32_t column_count = *columns.ids.rows;
  if (first_row >= row_count) return;
  const unsigned row_lane = threadIdx.x / apart;
  const unsigned column_lane = threadIdx.x % apart;
  const unsigned width = rows.outputs.width;
  const auto count = static_cast<float>(step->count);
  for (std::uint32_t first_column = 0; first_column < column_count; first_column += side) {
    float values[own][own];
    tile.compute(rows, columns, first_row, first_column, values);
    for (unsigned i = 0; i < own; ++i)
      for (unsigned j = 0; j < own; ++j) {
        const unsigned row = row_lane + i * apart;
        const unsigned column = column_lane + j * apart;
        float slope = 0;
        if (first_row + row < row_count && first_column + column < column_count && !tile.positive(row, column))
          slope = expf(values[i][j] + row_terms[first_row + row] + column_terms[first_column + column]) / count;
        slopes[column][row] = slope;
      }
    // values become the product of the slopes and `side` values of the columns' outputs.
    for (unsigned first_k = 0; first_k < width; first_k += side) {
      for (auto& row : values)
        for (float& value : row) value = 0;
      for (unsigned first_c = 0; first_c < side; first_c += depth) {
        __syncthreads();
        for (unsigned n = threadIdx.x; n < depth * side; n += tile_threads) {
          const unsigned c = n / side;
          const unsigned k = first_k + n % side;
          outputs[c][n % side] = first_column + first_c + c < column_count && k < width
                                     ? columns.outputs[first_column + first_c + c][k]
                                     : 0.F;
        }
        __syncthreads();
        for (unsigned c = 0; c < depth; ++c)
          for (unsigned i = 0; i < own; ++i)
            for (unsigned j = 0; j < own; ++j)
              values[i][j] += slopes[first_c + c][row_lane + i * apart] * outputs[c][column_lane + j * apart];
      }
      for (unsigned i = 0; i < own; ++i)
        for (unsigned j = 0; j < own; ++j) {
          const std::uint32_t row = first_row + row_lane + i * apart;
          const unsigned k = first_k + column_lane + j * apart;
          if (row < row_count && k < width) d[std::size_t{row} * width + k] += values[i][j];
        }
    }
  }
}

}  // namespace

BatchSoftmax::BatchSoftmax(const TwoTowerShape& shape, std::size_t users, std::size_t items)
    : shape_(shape),
      most_users_(static_cast<std::uint32_t>(users)),
      most_items_(static_cast<std::uint32_t>(items)),
      counts_(shape.items, "counts of items"),
      rareness_(shape.items, "shares of items"),
      item_terms_(items, "terms of items"),
      user_sums_(users, "sums over competitors"),
      user_terms_(users, "terms of users") {}

void BatchSoftmax::set_interactions(const DeviceBuffer<Interaction>& positives, const Stream& stream) {
  const auto n = static_cast<std::uint32_t>(positives.size());
  counts_.zero(stream);
  launch({"count_items", blocks_for(n, 256), 256}, stream, count_items, positives.data(), n, counts_.data());
  launch({"find_rareness", blocks_for(shape_.items, 256), 256}, stream, find_rareness, counts_.data(), shape_.items, n,
         rareness_.data());
}

void BatchSoftmax::score(const TwoTowerStep* step, const TowerRows& users, const TowerRows& items, float* losses,
                         float* slopes, const Stream& stream) {
  launch({"find_item_terms", blocks_for(most_items_, 256), 256}, stream, find_item_terms, items.ids, rareness_.data(),
         item_terms_.data());
  launch({"sum_competitors", blocks_for(most_users_, side), tile_threads}, stream, sum_competitors, users, items,
         item_terms_.data(), user_sums_.data());
  launch({"score_positives", blocks_for(most_users_, user_threads / 32), user_threads}, stream, score_positives, step,
         users, items, rareness_.data(), user_sums_.data(), losses, slopes, user_terms_.data());
}

void BatchSoftmax::add_competitors(const TwoTowerStep* step, const TowerRows& users, const TowerRows& items,
                                   float* d_users, float* d_items, const Stream& stream) const {
  launch({"add_slopes", blocks_for(most_users_, side), tile_threads}, stream, add_slopes, step, users, items,
         user_terms_.data(), item_terms_.data(), d_users);
  launch({"add_slopes", blocks_for(most_items_, side), tile_threads}, stream, add_slopes, step, items, users,
         item_terms_.data(), user_terms_.data(), d_items);
}

}  // namespace frugal::cuda
