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
      to.dense.put_column<precision, batch_block>(first, batch_block, f, [&](unsigned r) {
        return first + r < count ? from.dense[sources[r] * shape.features + f] : 0.F;
      });
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

constexpr unsigned number_threads = 256;

/// A warp has a bag; all threads share what is behind the last lookup.
__global__ void __launch_bounds__(number_threads)
    number(DlrmShape shape, ClickView from, const std::uint32_t* table_begins, DlrmInputs to) {
  const std::uint32_t bags = shape.batch * shape.tables;
  const std::uint64_t thread = std::uint64_t{blockIdx.x} * number_threads + threadIdx.x;
  const std::uint64_t threads = std::uint64_t{gridDim.x} * number_threads;
  for (std::uint64_t i = to.begins[bags] + thread; i < to.most; i += threads) {
    to.rows[i] = table_begins[shape.tables];
    to.bag_of[i] = 0;
  }
  const std::uint32_t bag = blockIdx.x * (number_threads / 32) + threadIdx.x / 32;
  if (bag >= bags) return;
  const std::uint32_t begin = to.begins[bag];
  const std::uint32_t size = to.begins[bag + 1] - begin;
  if (size == 0) return;
  const unsigned t = bag % shape.tables;
  const std::uint64_t own = std::uint64_t{to.sources[bag / shape.tables]} * shape.tables + t;
  const std::uint32_t* const ids = from.ids + (from.offsets[own] - from.first_offset);
  const std::uint32_t first_row = table_begins[t];
#pragma unroll 4
  for (std::uint32_t i = threadIdx.x % 32; i < size; i += 32) {
    to.rows[begin + i] = first_row + ids[i];
    to.bag_of[begin + i] = bag;
  }
}

__global__ void __launch_bounds__(mean_threads)
    finish(const DlrmStep* step, const float* losses, std::uint32_t* done, double* loss_of_steps) {
  wait_for_launch_before();
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
  const std::uint64_t threads = std::uint64_t{shape.batch} * shape.tables * 32;
  launch({"number_lookups", blocks_for(threads, number_threads), number_threads}, stream, number, shape, from,
         table_begins, to);
}

void finish_step(const DlrmStep* step, const float* losses, std::uint32_t* done, double* loss_of_steps,
                 const Stream& stream) {
  launch({.name = "finish_step", .grid = 1, .block = mean_threads, .early = true}, stream, finish, step, losses, done,
         loss_of_steps);
}

}  // namespace frugal::cuda
