#include <bit>
#include <vector>

#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/mf/key_sort.hpp"
#include "impl/cuda/mf/sgd_streams.hpp"

namespace frugal::cuda {
namespace {

__global__ void count_pairs(const Interaction* pairs, std::uint32_t n, std::uint32_t* users, std::uint32_t* items) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  atomicAdd(&users[pairs[i].user], 1U);
  atomicAdd(&items[pairs[i].item], 1U);
}

/// keys[i]: the slot of pair i's user above i.
__global__ void key_pairs(const Interaction* pairs, std::uint32_t n, const std::uint32_t* user_slots, int number_bits,
                          std::uint64_t* keys) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) keys[i] = std::uint64_t{user_slots[pairs[i].user]} << number_bits | i;
}

__global__ void place_positives(const std::uint64_t* keys, std::uint32_t n, const Interaction* pairs, int number_bits,
                                MfSchedule::Positive* positives) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const auto number = static_cast<std::uint32_t>(keys[i] & ((std::uint64_t{1} << number_bits) - 1));
  positives[i] = {static_cast<std::uint32_t>(keys[i] >> number_bits), pairs[number].item, number};
}

constexpr unsigned sort_warps = 8;        ///< of a block
constexpr unsigned fewer_sort_warps = 4;  ///< the same where shared memory has no room for the counts of more

/// The lanes that give the same key.
__device__ inline unsigned lanes_with(std::uint32_t key) {
#ifdef __CUDACC__
  return __match_any_sync(0xffffffffU, key);
#else
  unsigned lanes = 0;
  for (int l = 0; l < 32; ++l) lanes |= (__shfl_sync(0xffffffffU, key, l) == key ? 1U : 0U) << l;
  return lanes;
#endif
}

struct Draw {
  const MfSchedule::Positive* positives;
  const std::uint32_t* part_begins;
  const SgdStreams::Item* items;
  Philox random;
  std::uint32_t epoch;
  std::uint32_t groups;
  std::uint32_t per_positive;  ///< 1 + negatives
  std::uint32_t item_count;
  MfExample* examples;
  std::uint32_t* begins;
};

/// Example e of those of a part, in the order before sorting, and its turn.
struct Drawn {
  MfExample example;
  std::uint32_t turn;
};
__device__ inline Drawn draw_example(const Draw& draw, std::uint32_t part, std::uint32_t e) {
  const MfSchedule::Positive positive = draw.positives[e / draw.per_positive];
  const std::uint32_t k = e % draw.per_positive;
  std::uint32_t item = positive.item;
  if (k > 0)
    item = draw.random.below(draw.item_count, std::uint64_t{positive.number} * (draw.per_positive - 1) + k - 1,
                             draw.epoch);
  const SgdStreams::Item placed = draw.items[item];
  return {{positive.user, placed.slot | (k == 0 ? MfExample::positive : 0)},
          MfSchedule::turn(draw.groups, part, placed.part)};
}

/// Block p draws and sorts the examples of part p. Shared memory: a count a warp and turn. The places do not depend on the
/// number of warps.
template <unsigned warps>
__global__ void __launch_bounds__(32 * warps) sort_examples(Draw draw) {
  constexpr unsigned threads = 32 * warps;
  auto* const counts = shared_memory<std::uint32_t>();  // [warps, turns]
  __shared__ ScanScratch scratch;
  const std::uint32_t turns = draw.groups * MfSchedule::workers;
  const std::uint32_t part = blockIdx.x;
  const unsigned lane = threadIdx.x % 32;
  const unsigned warp = threadIdx.x / 32;
  std::uint32_t* const own = counts + warp * turns;
  for (std::uint32_t i = threadIdx.x; i < warps * turns; i += threads) counts[i] = 0;
  __syncthreads();
  // Each warp has a stretch of the examples.
  const std::uint32_t first = draw.part_begins[part] * draw.per_positive;
  const std::uint32_t last = draw.part_begins[part + 1] * draw.per_positive;
  const std::uint32_t stretch = ((last - first + threads - 1) / threads) * 32;
  const std::uint32_t begin = min(first + warp * stretch, last);
  const std::uint32_t end = min(begin + stretch, last);
  for (std::uint32_t e = begin + lane; e < end; e += 32) atomicAdd(&own[draw_example(draw, part, e).turn], 1U);
  __syncthreads();

  // Counts become places: turns in order, warps in order within a turn.
  std::uint32_t carry = first;
  std::uint32_t* const begins = draw.begins + std::size_t{part} * (turns + 1);
  for (std::uint32_t t = 0; t < turns; t += threads) {
    const std::uint32_t turn = t + threadIdx.x;
    std::uint32_t of_turn = 0;
    if (turn < turns)
      for (unsigned w = 0; w < warps; ++w) of_turn += counts[w * turns + turn];
    std::uint32_t total;
    std::uint32_t place = carry + block_scan(of_turn, total, scratch);
    if (turn < turns) {
      begins[turn] = place;
      for (unsigned w = 0; w < warps; ++w) {
        const std::uint32_t count = counts[w * turns + turn];
        counts[w * turns + turn] = place;
        place += count;
      }
    }
    carry += total;
  }
  if (threadIdx.x == 0) begins[turns] = carry;
  __syncthreads();

  constexpr std::uint32_t nowhere = 0xffffffffU;
  for (std::uint32_t at = begin; at < end; at += 32) {
    const bool there = at + lane < end;
    Drawn drawn{{}, nowhere};
    if (there) drawn = draw_example(draw, part, at + lane);
    const unsigned same = lanes_with(drawn.turn);
    const auto before = static_cast<std::uint32_t>(std::popcount(same & ((1U << lane) - 1)));
    if (there) draw.examples[own[drawn.turn] + before] = drawn.example;
    __syncwarp();
    if (there && before == 0) own[drawn.turn] += static_cast<std::uint32_t>(std::popcount(same));
    __syncwarp();
  }
}

std::vector<SgdStreams::Item> items_by_id(const MfSchedule::Side& side) {
  std::vector<SgdStreams::Item> items;
  for (std::size_t id = 0; id < side.slot.size(); ++id) items.push_back({side.slot[id], side.part[id]});
  return items;
}

}  // namespace

MfSchedule::Counts count_on_device(const MfSpec& spec, const DeviceBuffer<Interaction>& positives,
                                   const Stream& stream) {
  const auto n = static_cast<std::uint32_t>(positives.size());
  DeviceBuffer<std::uint32_t> users(spec.users, "positives of users");
  DeviceBuffer<std::uint32_t> items(spec.items, "positives of items");
  users.zero(stream);
  items.zero(stream);
  launch({"count_pairs", blocks_for(n, 256), 256}, stream, count_pairs, positives.data(), n, users.data(),
         items.data());
  return {users.download(stream), items.download(stream)};
}

SgdStreams::SgdStreams(const MfSpec& spec, const MfSchedule& schedule, const DeviceBuffer<Interaction>& positives,
                       const DeviceBuffer<std::uint32_t>& user_slots, const Stream& stream)
    : random_(spec.seed, Purpose::negatives),
      groups_(schedule.groups()),
      parts_(schedule.parts()),
      per_positive_(1 + static_cast<std::uint32_t>(spec.negatives)),
      positives_(positives.size(), "ordered positives"),
      part_begins_(schedule.begins(), "begins of parts", stream),
      items_(items_by_id(schedule.items()), "parts of items", stream) {
  for (int i = 0; i < 2; ++i) {
    examples_[i] = DeviceBuffer<MfExample>(positives.size() * per_positive_ + read_ahead, "examples");
    examples_[i].zero(stream);  // those that are read ahead name rows that exist
    begins_[i] = DeviceBuffer<std::uint32_t>(std::size_t{parts_} * (parts_ + 1), "begins of turns");
  }
  const auto n = static_cast<std::uint32_t>(positives.size());
  const int number_bits = std::bit_width(n);
  DeviceBuffer<std::uint64_t> keys(n, "positives to sort");
  DeviceBuffer<std::uint64_t> spare(n, "positives to sort");
  launch({"key_pairs", blocks_for(n, 256), 256}, stream, key_pairs, positives.data(), n, user_slots.data(), number_bits,
         keys.data());
  sort_keys(keys, spare, number_bits + std::bit_width(spec.users), stream);
  launch({"place_positives", blocks_for(n, 256), 256}, stream, place_positives, keys.data(), n, positives.data(),
         number_bits, positives_.data());
  stream.synchronize();  // the keys go
}

void SgdStreams::draw(std::uint32_t epoch, const Stream& stream) {
  const Draw draw{.positives = positives_.data(),
                  .part_begins = part_begins_.data(),
                  .items = items_.data(),
                  .random = random_,
                  .epoch = epoch,
                  .groups = groups_,
                  .per_positive = per_positive_,
                  .item_count = static_cast<std::uint32_t>(items_.size()),
                  .examples = examples_[epoch % 2].data(),
                  .begins = begins_[epoch % 2].data()};
  const auto shape = [&](unsigned warps) {
    return LaunchShape{.name = "sort_examples",
                       .grid = parts_,
                       .block = 32 * warps,
                       .shared_bytes = std::size_t{warps} * parts_ * sizeof(std::uint32_t),
                       .static_bytes = sizeof(ScanScratch)};
  };
  const LaunchShape usual = shape(sort_warps);
  if (usual.shared_bytes + usual.static_bytes <= device_limits().shared_bytes_per_block)
    launch(usual, stream, sort_examples<sort_warps>, draw);
  else
    launch(shape(fewer_sort_warps), stream, sort_examples<fewer_sort_warps>, draw);
}

}  // namespace frugal::cuda
