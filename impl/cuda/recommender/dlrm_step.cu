#include "impl/common/epoch_schedule.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/dlrm_step.hpp"

namespace frugal::cuda {
namespace {

__global__ void plan(UpdateRule rule, EpochSchedule schedule, std::uint64_t first, std::uint32_t count,
                     DlrmStep* steps) {
  const std::uint32_t s = blockIdx.x * blockDim.x + threadIdx.x;
  if (s >= count) return;
  const EpochSchedule::Step step = schedule.at(first + s);
  steps[s] = {schedule.order(step.epoch), true, step.first, static_cast<std::uint32_t>(step.count),
              update_step(rule, first + s + 1)};
}

constexpr unsigned take_threads = 256;

template <Precision precision>
__global__ void __launch_bounds__(take_threads) take(DlrmShape shape, const DlrmStep* steps, const std::uint32_t* done,
                                                     ClickView from, const std::uint32_t* table_begins, DlrmInputs to) {
  __shared__ std::uint64_t sources[batch_block];
  const DlrmStep* const step = steps + *done;
  const std::uint32_t count = step->examples;
  const std::uint32_t first = blockIdx.x * batch_block;
  if (blockIdx.x == 0 && threadIdx.x == take_threads - 1) *to.step = *step;
  if (threadIdx.x < batch_block) {
    const std::uint32_t e = first + threadIdx.x;
    const std::uint64_t position = step->first + e;
    const std::uint64_t source = e >= count ? 0 : step->shuffled ? step->order(position) : position;
    sources[threadIdx.x] = source;
    if (e < count && from.labels != nullptr) to.labels[e] = from.labels[source];
    if (e < count && from.offsets != nullptr) to.sources[e] = static_cast<std::uint32_t>(source);
  }
  __syncthreads();
  if (first < whole_batch_steps(count))
    for (std::uint32_t f = threadIdx.x; f < shape.features; f += take_threads)
#pragma unroll
      for (unsigned r = 0; r < batch_block; ++r) {
        const float value = first + r < count ? from.dense[sources[r] * shape.features + f] : 0.F;
        to.dense.put<precision>(first + r, f, value);
      }
  for (unsigned n = threadIdx.x; n < batch_block * shape.tables; n += take_threads) {
    const unsigned r = n / shape.tables;
    const unsigned t = n % shape.tables;
    const std::uint32_t e = first + r;
    if (e >= shape.batch) break;
    const std::uint32_t bag = e * shape.tables + t;
    const std::uint64_t own = sources[r] * shape.tables + t;
    if (from.offsets == nullptr)
      to.rows[bag] = e < count ? table_begins[t] + from.ids[own] : table_begins[shape.tables];
    else
      to.begins[bag] = e < count ? from.bag_size(own) : 0;
  }
  if (from.offsets != nullptr && blockIdx.x == 0 && threadIdx.x == 0) to.begins[shape.batch * shape.tables] = 0;
}

/// The bag of a lookup: the last one that begins at or before it. Empty bags begin where the next one does.
__device__ inline std::uint32_t bag_of(const std::uint32_t* begins, std::uint32_t bags, std::uint32_t lookup) {
  std::uint32_t low = 0;
  std::uint32_t high = bags;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (begins[middle] <= lookup ? low : high) = middle;
  }
  return low;
}

__global__ void number(DlrmShape shape, ClickView from, const std::uint32_t* table_begins, DlrmInputs to) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= to.most) return;
  const std::uint32_t bags = shape.batch * shape.tables;
  std::uint32_t row = table_begins[shape.tables];
  if (i < to.begins[bags]) {
    const std::uint32_t bag = bag_of(to.begins, bags, i);
    const unsigned t = bag % shape.tables;
    const std::uint64_t own = std::uint64_t{to.sources[bag / shape.tables]} * shape.tables + t;
    row = table_begins[t] + from.ids[from.offsets[own] - from.first_offset + (i - to.begins[bag])];
    to.bag_of[i] = bag;
  }
  to.rows[i] = row;
}

__global__ void __launch_bounds__(mean_threads)
    finish(const DlrmStep* step, const float* losses, std::uint32_t* done, double* loss_of_steps) {
  const double sum = sum_over_block(losses, step->examples);
  if (threadIdx.x != 0) return;
  loss_of_steps[*done] = sum / static_cast<double>(step->examples);
  ++*done;
}

}  // namespace

DlrmShape::DlrmShape(const DlrmSpec& spec)
    : interaction(spec.interaction),
      features(static_cast<unsigned>(spec.dense_features)),
      tables(static_cast<unsigned>(spec.table_rows.size())),
      dim(static_cast<unsigned>(spec.embedding_dim)),
      bottom(static_cast<unsigned>(spec.bottom.back())),
      inputs(static_cast<unsigned>(dlrm_top_input(spec))),
      batch(static_cast<std::uint32_t>(spec.batch)) {}

void plan_steps(const DlrmShape& shape, const UpdateRule& rule, std::uint64_t seed, std::uint64_t examples,
                std::uint64_t first, std::uint32_t count, DlrmStep* steps, const Stream& stream) {
  launch({"plan_steps", blocks_for(count, 64), 64}, stream, plan, rule, EpochSchedule(examples, shape.batch, seed),
         first, count, steps);
}

void take_examples(const DlrmShape& shape, Precision precision, const DlrmStep* steps, const std::uint32_t* done,
                   const ClickView& from, const std::uint32_t* table_begins, const DlrmInputs& to,
                   const Stream& stream) {
  with_precision(precision, [&]<Precision p> {
    launch({"take_examples", blocks_for(shape.batch, batch_block), take_threads}, stream, take<p>, shape, steps, done,
           from, table_begins, to);
  });
  if (from.offsets == nullptr) return;
  exclusive_scan(to.begins, std::size_t{shape.batch} * shape.tables + 1, stream);
  launch({"number_lookups", blocks_for(to.most, 256), 256}, stream, number, shape, from, table_begins, to);
}

void finish_step(const DlrmStep* step, const float* losses, std::uint32_t* done, double* loss_of_steps,
                 const Stream& stream) {
  launch({"finish_step", 1, mean_threads}, stream, finish, step, losses, done, loss_of_steps);
}

}  // namespace frugal::cuda
