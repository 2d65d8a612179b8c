#include <utility>

#include "impl/common/recommender/init.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/embedding_tables.hpp"

namespace frugal::cuda {
namespace {

/// Gradient of value k of distinct row r.
struct Given {
  const float* gradients;
  unsigned dim;
  __device__ float operator()(std::uint32_t r, unsigned k) const { return gradients[std::size_t{r} * dim + k]; }
};

struct Summed {
  IdGroups::View groups;
  const float* gradients;
  const std::uint32_t* source;
  unsigned dim;
  __device__ float operator()(std::uint32_t r, unsigned k) const {
    float sum = 0;
    for (std::uint32_t i = groups.begin[r]; i < groups.begin[r + 1]; ++i) {
      const std::uint32_t at = groups.positions[i];
      sum += gradients[std::size_t{source == nullptr ? at : source[at]} * dim + k];
    }
    return sum;
  }
};

constexpr unsigned update_threads = 128;

template <class Gradient>
__global__ void __launch_bounds__(update_threads)
    update_rows(const UpdateStep* step, IdGroups::View groups, Gradient gradient, std::uint32_t frozen_rows,
                unsigned dim, float* values, float* first, float* second) {
  const unsigned lane = threadIdx.x % 32;
  const std::uint32_t r = blockIdx.x * (update_threads / 32) + threadIdx.x / 32;
  if (r >= *groups.rows) return;
  const std::size_t id = groups.ids[r];
  if (id < frozen_rows) return;
  const UpdateStep now = *step;
  if (now.kind != OptimizerKind::rowwise_adagrad) {
    for (unsigned k = lane; k < dim; k += 32) update_value(now, gradient(r, k), id * dim + k, values, first, second);
    return;
  }
  float squares = 0;
  for (unsigned k = lane; k < dim; k += 32) {
    const float g = gradient(r, k);
    squares += g * g;
  }
  squares = sum_over_warp(squares);
  const float state = first[id] + squares / static_cast<float>(dim);
  __syncwarp();  // all have read it
  if (lane == 0) first[id] = state;
  const float rate = now.rate / (sqrtf(state) + now.epsilon);
  for (unsigned k = lane; k < dim; k += 32) values[id * dim + k] -= rate * gradient(r, k);
}

constexpr unsigned draw_threads = 256;

/// A thread has the four values of one block of random words.
__global__ void __launch_bounds__(draw_threads)
    draw_table(Philox random, std::uint32_t table, double bound, std::uint64_t size, float* values) {
  const std::uint64_t block = std::uint64_t{blockIdx.x} * draw_threads + threadIdx.x;
  const std::uint64_t first = 4 * block;
  if (first >= size) return;
  const auto words = random.block(block, table);
  float drawn[4];
  for (unsigned w = 0; w < 4; ++w) drawn[w] = scaled_uniform(words[w], bound);
  const bool whole = first + 4 <= size && reinterpret_cast<std::uintptr_t>(values) % sizeof(float4) == 0;
  if (whole) {
    *reinterpret_cast<float4*>(values + first) = make_float4(drawn[0], drawn[1], drawn[2], drawn[3]);
  } else {
    for (unsigned w = 0; w < 4 && first + w < size; ++w) values[first + w] = drawn[w];
  }
}

std::vector<std::uint32_t> table_offsets(const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> offsets{0};
  for (const std::uint32_t count : rows) offsets.push_back(offsets.back() + count);
  return offsets;
}

template <class Gradient>
void launch_update(const UpdateStep* step, const IdGroups& groups, const Gradient& gradient, std::uint32_t frozen_rows,
                   unsigned dim, float* values, float* first, float* second, const Stream& stream) {
  launch({"update_rows", blocks_for(groups.capacity(), update_threads / 32), update_threads}, stream,
         update_rows<Gradient>, step, groups.view(), gradient, frozen_rows, dim, values, first, second);
}

}  // namespace

EmbeddingTables::EmbeddingTables(std::vector<std::uint32_t> rows, int dim, const UpdateRule& rule, std::size_t frozen,
                                 const Stream& stream)
    : offsets_(table_offsets(rows)),
      dim_(static_cast<unsigned>(dim)),
      kind_(rule.kind),
      frozen_(frozen),
      values_(std::size_t{offsets_.back()} * dim_, "embedding tables") {
  if (all_frozen() || kind_ == OptimizerKind::sgd) return;
  const char* const what = "optimiser state of embedding tables";
  first_ = DeviceBuffer<float>(kind_ == OptimizerKind::rowwise_adagrad ? this->rows() : values_.size(), what);
  first_.zero(stream);
  if (kind_ != OptimizerKind::adam) return;
  second_ = DeviceBuffer<float>(values_.size(), what);
  second_.zero(stream);
}

EmbeddingTables::EmbeddingTables(std::vector<std::uint32_t> rows, int dim, const std::vector<float>& values,
                                 const UpdateRule& rule, std::size_t frozen, const Stream& stream)
    : EmbeddingTables(std::move(rows), dim, rule, frozen, stream) {
  values_.upload(values, stream);
}

EmbeddingTables::EmbeddingTables(std::vector<std::uint32_t> rows, int dim, std::uint64_t seed, const UpdateRule& rule,
                                 std::size_t frozen, const Stream& stream)
    : EmbeddingTables(std::move(rows), dim, rule, frozen, stream) {
  for (std::uint32_t t = 0; t + 1 < offsets_.size(); ++t) {
    const std::uint32_t count = offsets_[t + 1] - offsets_[t];
    const std::uint64_t size = std::uint64_t{count} * dim_;
    launch({"draw_table", blocks_for((size + 3) / 4, draw_threads), draw_threads}, stream, draw_table,
           Philox(seed, Purpose::user_embedding), t, initial_table_bound(count), size,
           values_.data() + std::size_t{offsets_[t]} * dim_);
  }
}

void EmbeddingTables::update(const UpdateStep* step, const IdGroups& groups, const float* gradients,
                             const Stream& stream) {
  assert(!all_frozen());
  launch_update(step, groups, Given{gradients, dim_}, frozen_rows(), dim_, values_.data(), first_.data(),
                second_.data(), stream);
}

void EmbeddingTables::update_summed(const UpdateStep* step, const IdGroups& groups, const float* gradients,
                                    const std::uint32_t* source, const Stream& stream) {
  assert(!all_frozen());
  launch_update(step, groups, Summed{groups.view(), gradients, source, dim_}, frozen_rows(), dim_, values_.data(),
                first_.data(), second_.data(), stream);
}

void EmbeddingTables::add_value(DeviceTensors& tensors, std::size_t table, const std::string& name) {
  const std::int64_t count = offsets_[table + 1] - offsets_[table];
  tensors.add(name, {count, dim_}, values_, std::size_t{offsets_[table]} * dim_);
}

void EmbeddingTables::add_state(DeviceTensors& tensors, std::size_t table, const std::string& name) {
  if (table < frozen_ || kind_ == OptimizerKind::sgd) return;
  const std::int64_t count = offsets_[table + 1] - offsets_[table];
  const std::size_t at = std::size_t{offsets_[table]} * dim_;
  if (kind_ == OptimizerKind::adam) {
    tensors.add("adam.m/" + name, {count, dim_}, first_, at);
    tensors.add("adam.v/" + name, {count, dim_}, second_, at);
  } else if (kind_ == OptimizerKind::rowwise_adagrad) {
    tensors.add("adagrad/" + name, {count}, first_, offsets_[table]);
  } else {
    tensors.add("adagrad/" + name, {count, dim_}, first_, at);
  }
}

}  // namespace frugal::cuda
