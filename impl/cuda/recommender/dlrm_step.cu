#include "impl/common/epoch_schedule.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/dlrm_step.hpp"

namespace frugal::cuda {
namespace {

__global__ void begin(UpdateRule rule, std::uint64_t seed, std::uint64_t examples, std::uint32_t batch,
                      const DlrmProgress* progress, DlrmStep* out) {
  const EpochSchedule schedule(examples, batch, seed);
  const EpochSchedule::Step step = schedule.at(progress->step);
  *out = {schedule.order(step.epoch), true, step.first, static_cast<std::uint32_t>(step.count),
          update_step(rule, progress->step + 1)};
}

constexpr unsigned take_threads = 128;

/// A warp an example.
__global__ void __launch_bounds__(take_threads)
    take(DlrmShape shape, const DlrmStep* step, ClickView from, const std::uint32_t* table_begins, DlrmInputs to) {
  const std::uint32_t e = blockIdx.x * (take_threads / 32) + threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  if (e >= shape.batch) return;
  const bool present = e < step->examples;
  const std::uint64_t position = step->first + e;
  const std::uint64_t source = present ? (step->shuffled ? step->order(position) : position) : 0;
  if (present)
    for (unsigned f = lane; f < shape.features; f += 32)
      to.dense[std::size_t{e} * shape.features + f] = from.dense[source * shape.features + f];
  if (lane == 0 && from.labels != nullptr) to.labels[e] = present ? from.labels[source] : 0.F;
  for (unsigned t = lane; t < shape.tables; t += 32) {
    const std::uint32_t bag = e * shape.tables + t;
    const std::uint64_t own = source * shape.tables + t;
    if (from.offsets == nullptr) {
      const std::uint32_t row = present ? table_begins[t] + from.ids[own] : table_begins[shape.tables];
      to.rows[bag] = row;
      to.to_sort[bag] = row;
    } else {
      to.begins[bag] = present ? from.bag_size(own) : 0;
    }
  }
  if (from.offsets == nullptr || lane != 0) return;
  to.sources[e] = static_cast<std::uint32_t>(source);
  if (e == 0) to.begins[shape.batch * shape.tables] = 0;
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
  to.to_sort[i] = row;
}

__global__ void __launch_bounds__(mean_threads)
    finish(const DlrmStep* step, const float* losses, DlrmProgress* progress, double* loss_of_steps) {
  const double sum = sum_over_block(losses, step->examples);
  if (threadIdx.x != 0) return;
  loss_of_steps[progress->done] = sum / static_cast<double>(step->examples);
  ++progress->done;
  ++progress->step;
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

void begin_step(const DlrmShape& shape, const UpdateRule& rule, std::uint64_t seed, std::uint64_t examples,
                const DlrmProgress* progress, DlrmStep* step, const Stream& stream) {
  launch({"begin_step", 1, 1}, stream, begin, rule, seed, examples, shape.batch, progress, step);
}

void take_examples(const DlrmShape& shape, const DlrmStep* step, const ClickView& from,
                   const std::uint32_t* table_begins, const DlrmInputs& to, const Stream& stream) {
  launch({"take_examples", blocks_for(shape.batch, take_threads / 32), take_threads}, stream, take, shape, step, from,
         table_begins, to);
  if (from.offsets == nullptr) return;
  exclusive_scan(to.begins, std::size_t{shape.batch} * shape.tables + 1, stream);
  launch({"number_lookups", blocks_for(to.most, 256), 256}, stream, number, shape, from, table_begins, to);
}

void finish_step(const DlrmStep* step, const float* losses, DlrmProgress* progress, double* loss_of_steps,
                 const Stream& stream) {
  launch({"finish_step", 1, mean_threads}, stream, finish, step, losses, progress, loss_of_steps);
}

}  // namespace frugal::cuda
