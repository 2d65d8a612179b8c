#include <algorithm>
#include <bit>
#include <cstddef>

#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/tower_plan.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned all = 0xffffffffU;
constexpr unsigned digit_bits = 8;
constexpr unsigned digits = 1U << digit_bits;
constexpr unsigned plan_threads = 512;
constexpr unsigned plan_warps = plan_threads / 32;
constexpr unsigned counters_each = digits * plan_warps / plan_threads;

/// TowerPlan::Side in device memory.
struct SideArrays {
  std::uint32_t n;
  std::uint32_t capacity;
  unsigned passes;
  std::uint32_t* ids[2];
  std::uint32_t* order[2];
  std::uint32_t* distinct;
  std::uint32_t* begin;
  std::uint32_t* rows;

  __device__ SideArrays at(std::uint32_t place) const {
    const std::size_t first = std::size_t{place} * n;
    return {n,
            capacity,
            passes,
            {ids[0] + first, ids[1] + first},
            {order[0] + first, order[1] + first},
            distinct + std::size_t{place} * capacity,
            begin + std::size_t{place} * (capacity + 1),
            rows + place};
  }
};

struct PlanScratch {
  std::uint32_t counters[digits * plan_warps];  // of digit d and warp w at [d * warps + w]
  ScanScratch scan;
};

__device__ void draw_users(const TwoTowerStep& step, const Interaction* positives, std::uint32_t* ids) {
  for (std::uint32_t p = threadIdx.x; p < step.count; p += plan_threads)
    ids[p] = positives[step.order(step.first + p)].user;
}

/// A thread takes the four words of a block of random numbers.
__device__ void draw_items(const TwoTowerShape& shape, const TwoTowerStep& step, const Interaction* positives,
                           std::uint32_t* ids) {
  const std::uint32_t negatives = shape.examples - 1;
  for (std::uint32_t p = threadIdx.x; p < step.count; p += plan_threads)
    ids[p * shape.examples] = positives[step.order(step.first + p)].item;
  if (negatives == 0) return;
  const std::uint64_t first = step.first * negatives;
  const std::uint64_t end = first + std::uint64_t{step.count} * negatives;
  for (std::uint64_t b = first / 4 + threadIdx.x; 4 * b < end; b += plan_threads) {
    const std::array<std::uint32_t, 4> words = step.random.block(b, step.epoch);
    for (unsigned w = 0; w < 4; ++w) {
      const std::uint64_t at = 4 * b + w;
      if (at < first || at >= end) continue;
      const auto n = static_cast<std::uint32_t>(at - first);
      ids[n / negatives * shape.examples + 1 + n % negatives] = Philox::scale(words[w], shape.items);
    }
  }
}

/// The lanes among `present` with this lane's digit.
__device__ unsigned lanes_alike(unsigned digit, unsigned present) {
  unsigned alike = present;
  for (unsigned b = 0; b < digit_bits; ++b) {
    const bool set = (digit >> b & 1) != 0;
    const unsigned with_bit = __ballot_sync(all, set ? 1 : 0);
    alike &= set ? with_bit : ~with_bit;
  }
  return alike;
}

/// What one warp of the block goes over, 32 positions at a time: body(position, is one).
struct Strip {
  std::uint32_t begin;
  std::uint32_t end;  ///< a multiple of 32 behind begin
  std::uint32_t n;

  __device__ explicit Strip(std::uint32_t count) : n(count) {
    const std::uint32_t length = (count + plan_threads - 1) / plan_threads * 32;
    begin = threadIdx.x / 32 * length;
    end = begin + length;
  }
  template <class Body>
  __device__ void each(const Body& body) const {
    for (std::uint32_t first = begin; first < end && first < n; first += 32) {
      const std::uint32_t i = first + threadIdx.x % 32;
      body(i, i < n);
    }
  }
};

/// One stable pass over n ids. `from`: where they stood at first; null: where they stand.
__device__ void sort_by_digit(const std::uint32_t* ids, const std::uint32_t* from, std::uint32_t n, unsigned shift,
                              std::uint32_t* moved_ids, std::uint32_t* moved_from, PlanScratch& scratch) {
  const unsigned warp = threadIdx.x / 32;
  const unsigned lanes_before = (1U << threadIdx.x % 32) - 1;
  for (unsigned i = 0; i < counters_each; ++i) scratch.counters[threadIdx.x + i * plan_threads] = 0;
  __syncthreads();
  const Strip strip(n);
  strip.each([&](std::uint32_t i, bool is_one) {
    const unsigned digit = is_one ? ids[i] >> shift & (digits - 1) : 0;
    const unsigned alike = lanes_alike(digit, __ballot_sync(all, is_one ? 1 : 0));
    if (is_one && (alike & lanes_before) == 0)
      scratch.counters[digit * plan_warps + warp] += static_cast<std::uint32_t>(__popc(alike));
    __syncwarp();
  });
  __syncthreads();
  std::uint32_t counts[counters_each];
  std::uint32_t own = 0;
  for (unsigned i = 0; i < counters_each; ++i) own += counts[i] = scratch.counters[threadIdx.x * counters_each + i];
  std::uint32_t total;
  std::uint32_t sum = block_scan(own, total, scratch.scan);
  for (unsigned i = 0; i < counters_each; ++i) {
    scratch.counters[threadIdx.x * counters_each + i] = sum;
    sum += counts[i];
  }
  __syncthreads();
  strip.each([&](std::uint32_t i, bool is_one) {
    const std::uint32_t id = is_one ? ids[i] : 0;
    const unsigned digit = id >> shift & (digits - 1);
    const unsigned alike = lanes_alike(digit, __ballot_sync(all, is_one ? 1 : 0));
    std::uint32_t& counter = scratch.counters[digit * plan_warps + warp];
    __syncwarp();  // it may just have been counted on
    const std::uint32_t first = counter;
    __syncwarp();
    if (!is_one) return;
    const std::uint32_t place = first + static_cast<std::uint32_t>(__popc(alike & lanes_before));
    moved_ids[place] = id;
    moved_from[place] = from == nullptr ? i : from[i];
    if ((alike & lanes_before) == 0) counter = first + static_cast<std::uint32_t>(__popc(alike));
  });
  __syncthreads();
}

/// The distinct ids of n sorted ones.
__device__ void list_rows(const SideArrays& side, std::uint32_t n, ScanScratch& scratch) {
  const std::uint32_t* const sorted = side.ids[side.passes % 2];
  const std::uint32_t* const order = side.order[side.passes % 2];
  std::uint32_t* const row_of = side.ids[1 - side.passes % 2];
  const Strip strip(n);
  const auto begins = [&](std::uint32_t i, bool is_one) {
    return __ballot_sync(all, is_one && (i == 0 || sorted[i] != sorted[i - 1]) ? 1 : 0);
  };
  std::uint32_t found = 0;
  strip.each([&](std::uint32_t i, bool is_one) { found += static_cast<std::uint32_t>(__popc(begins(i, is_one))); });
  std::uint32_t total;
  const std::uint32_t before = block_scan(threadIdx.x % 32 == 0 ? found : 0, total, scratch);
  std::uint32_t row = __shfl_sync(all, before, 0);
  strip.each([&](std::uint32_t i, bool is_one) {
    const unsigned begin = begins(i, is_one);
    const unsigned lane = threadIdx.x % 32;
    const std::uint32_t own = row + static_cast<std::uint32_t>(__popc(begin & ((2U << lane) - 1))) - 1;
    if ((begin >> lane & 1) != 0) {
      side.distinct[own] = sorted[i];
      side.begin[own] = i;
    }
    if (is_one) row_of[order[i]] = own;
    row += static_cast<std::uint32_t>(__popc(begin));
  });
  if (threadIdx.x == 0) {
    *side.rows = total;
    side.begin[total] = n;
  }
}

/// Block (place, side).
__global__ void __launch_bounds__(plan_threads)
    plan_steps(TwoTowerShape shape, std::uint64_t positive_count, const Interaction* positives,
               const std::uint64_t* first_before, std::uint64_t* first, TwoTowerStep* steps, SideArrays users,
               SideArrays items) {
  __shared__ PlanScratch scratch;
  alignas(16) __shared__ unsigned char step_storage[sizeof(TwoTowerStep)];
  TwoTowerStep& step = *reinterpret_cast<TwoTowerStep*>(step_storage);
  const bool of_users = blockIdx.y == 0;
  if (threadIdx.x == 0) {
    step = two_tower_step(shape, positive_count, *first_before + gridDim.x + blockIdx.x);
    if (of_users) steps[blockIdx.x] = step;
    if (of_users && blockIdx.x == 0) *first = step.number;
  }
  __syncthreads();
  const SideArrays side = (of_users ? users : items).at(blockIdx.x);
  const std::uint32_t n = of_users ? step.count : step.count * shape.examples;
  if (of_users)
    draw_users(step, positives, side.ids[0]);
  else
    draw_items(shape, step, positives, side.ids[0]);
  __syncthreads();
  for (unsigned pass = 0; pass < side.passes; ++pass) {
    const unsigned here = pass % 2;
    sort_by_digit(side.ids[here], pass == 0 ? nullptr : side.order[here], n, pass * digit_bits, side.ids[1 - here],
                  side.order[1 - here], scratch);
  }
  list_rows(side, n, scratch.scan);
}

/// The partners of all examples; those of items where the sorted ids were. blockIdx.y: the place.
__global__ void link_examples(TwoTowerShape shape, const TwoTowerStep* steps, SideArrays all_users,
                              SideArrays all_items, std::uint32_t* all_user_partners) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= steps[blockIdx.y].count * shape.examples) return;
  const SideArrays users = all_users.at(blockIdx.y);
  const SideArrays items = all_items.at(blockIdx.y);
  const unsigned by_user = users.passes % 2;
  const unsigned by_item = items.passes % 2;
  const std::uint32_t k = i % shape.examples;
  const std::uint32_t e = users.order[by_user][i / shape.examples] * shape.examples + k;
  all_user_partners[std::size_t{blockIdx.y} * items.n + i] = 2 * items.ids[1 - by_item][e] + (k == 0 ? 1 : 0);
  const std::uint32_t of_item = items.order[by_item][i];
  items.ids[by_item][i] =
      2 * users.ids[1 - by_user][of_item / shape.examples] + (of_item % shape.examples == 0 ? 1 : 0);
}

}  // namespace

TowerPlan::Side::Side(std::uint32_t ids_of_step, std::uint32_t bound_of_ids, std::uint32_t places)
    : n(ids_of_step),
      bound(bound_of_ids),
      capacity(std::min(ids_of_step, bound_of_ids)),
      passes(std::max(1U, (static_cast<unsigned>(std::bit_width(bound_of_ids - 1)) + digit_bits - 1) / digit_bits)),
      distinct(std::size_t{places} * capacity, "distinct ids"),
      begin(std::size_t{places} * (capacity + 1), "begins of distinct ids"),
      rows(places, "numbers of distinct ids") {
  for (unsigned b = 0; b < 2; ++b) {
    ids[b] = DeviceBuffer<std::uint32_t>(std::size_t{places} * n, "ids of planned steps");
    order[b] = DeviceBuffer<std::uint32_t>(std::size_t{places} * n, "positions of planned steps");
  }
}

IdGroups::View TowerPlan::Side::at(std::uint32_t place) const {
  const std::size_t first = std::size_t{place} * n;
  const unsigned result = passes % 2;
  return {rows.data() + place, distinct.data() + std::size_t{place} * capacity,
          begin.data() + std::size_t{place} * (capacity + 1), order[result].data() + first,
          ids[1 - result].data() + first};
}

TowerPlan::TowerPlan(const TwoTowerShape& shape)
    : shape_(shape),
      users_(shape.batch, shape.users, steps(shape)),
      items_(shape.batch * shape.examples, shape.items, steps(shape)),
      user_partners_(std::size_t{steps(shape)} * items_.n, "partners of users"),
      steps_(steps(shape), "planned steps"),
      first_(1, "first planned step") {}

std::uint32_t TowerPlan::steps(const TwoTowerShape& shape) {
  constexpr std::uint64_t bytes = 16 << 20;
  const std::uint64_t users = shape.batch;
  const std::uint64_t items = users * shape.examples;
  const std::uint64_t words = 4 * users + 5 * items + 2 * std::min<std::uint64_t>(users, shape.users) +
                              2 * std::min<std::uint64_t>(items, shape.items);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(bytes / (4 * words), 1, 16));
}

void TowerPlan::set_first(std::uint64_t first, const Stream& stream) {
  const std::uint64_t values[] = {first};
  first_.upload(values, stream);
}

void TowerPlan::fill(const TowerPlan& before, const DeviceBuffer<Interaction>& positives, const Stream& stream) {
  const auto arrays = [](Side& side) {
    return SideArrays{side.n,
                      side.capacity,
                      side.passes,
                      {side.ids[0].data(), side.ids[1].data()},
                      {side.order[0].data(), side.order[1].data()},
                      side.distinct.data(),
                      side.begin.data(),
                      side.rows.data()};
  };
  const std::uint32_t places = steps(shape_);
  launch({"plan_steps", {places, 2}, plan_threads}, stream, plan_steps, shape_, positives.size(), positives.data(),
         before.first_.data(), first_.data(), steps_.data(), arrays(users_), arrays(items_));
  launch({"link_examples", {blocks_for(items_.n, 256), places}, 256}, stream, link_examples, shape_, steps_.data(),
         arrays(users_), arrays(items_), user_partners_.data());
}

PlannedStep TowerPlan::at(std::uint32_t place) const {
  return {steps_.data() + place,
          {users_.at(place), user_partners_.data() + std::size_t{place} * items_.n, shape_.examples},
          {items_.at(place), items_.ids[items_.passes % 2].data() + std::size_t{place} * items_.n, 1}};
}

}  // namespace frugal::cuda
