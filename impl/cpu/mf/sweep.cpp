#include "impl/cpu/mf/sweep.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace frugal::cpu {
namespace {

/// Examples of a sweep from which on waking a team of threads pays.
constexpr std::uint64_t parallel_examples = 20'000;

/// Positives that one thread takes at a time. Any value gives the same order.
constexpr std::uint32_t chunk_positives = 4096;

/// Positives whose negatives are drawn at a time; they stay in the first-level cache.
constexpr std::uint32_t draw_positives = 32;

constexpr std::uint32_t chunks_of(std::uint32_t positives) {
  return (positives + chunk_positives - 1) / chunk_positives;
}

/// The largest number of Philox blocks that hold the words of one positive.
constexpr std::uint32_t blocks_a_positive(std::uint32_t negatives) { return (negatives + 2 * 3) / 4; }

}  // namespace

MfSweep::MfSweep(const MfSpec& spec)
    : spec_(spec),
      schedule_(spec),
      per_positive_(1 + static_cast<std::uint32_t>(spec.negatives)),
      user_slot_(spec.users),
      item_slot_(spec.items) {
  for (std::uint32_t u = 0; u < spec.users; ++u) user_slot_[u] = schedule_.user_slot(u);
  for (std::uint32_t i = 0; i < spec.items; ++i) item_slot_[i] = schedule_.item_slot(i);
}

void MfSweep::set_positives(std::span<const Interaction> positives) {
  positives_.clear();
  positives_.reserve(positives.size());
  for (const Interaction& pair : positives) positives_.push_back({user_slot_[pair.user], item_slot_[pair.item]});
  const auto largest =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(positives.size(), MfSchedule::sweep_positives));
  shuffled_ = AlignedBuffer<Interaction>(largest);
  by_user_group_ = AlignedBuffer<Placed>(largest);
  drawn_ = AlignedBuffer<std::uint32_t>(std::size_t{largest} * per_positive_);
  examples_ = AlignedBuffer<MfExample>(std::size_t{largest} * per_positive_);
  chunk_start_.assign(std::size_t{chunks_of(largest)} * MfSchedule::groups, 0);
}

bool MfSweep::wants_team() const { return drawn_.size() >= parallel_examples; }

void MfSweep::prepare(std::uint32_t epoch, std::uint64_t begin) {
  const auto count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(positives_.size() - begin, MfSchedule::sweep_positives));
  shuffle(epoch, begin, count);
  sort_by_user_group(count);
#pragma omp parallel for schedule(dynamic, 1) if (wants_team())
  for (std::uint32_t group = 0; group < MfSchedule::groups; ++group) draw_and_sort_by_item_group(group, epoch, begin);
  block_start_[MfSchedule::blocks] = count * per_positive_;
}

void MfSweep::shuffle(std::uint32_t epoch, std::uint64_t begin, std::uint32_t count) {
  const Permutation order = schedule_.order_of(positives_.size(), epoch);
#pragma omp parallel for schedule(dynamic, 1) if (wants_team())
  for (std::uint32_t chunk = 0; chunk < chunks_of(count); ++chunk) {
    const std::uint32_t last = std::min(count, (chunk + 1) * chunk_positives);
    std::uint32_t counts[MfSchedule::groups] = {};
    constexpr std::uint32_t batch = 64;  // on their way from memory together
    std::array<const Interaction*, batch> from;
    for (std::uint32_t first = chunk * chunk_positives; first < last; first += batch) {
      const std::uint32_t size = std::min(batch, last - first);
      for (std::uint32_t p = 0; p < size; ++p) {
        from[p] = &positives_[order(begin + first + p)];
        __builtin_prefetch(from[p]);
      }
      for (std::uint32_t p = 0; p < size; ++p) {
        shuffled_[first + p] = *from[p];
        ++counts[schedule_.user_group(from[p]->user)];
      }
    }
    std::copy_n(counts, MfSchedule::groups, chunk_start_.data() + chunk * MfSchedule::groups);
  }
}

void MfSweep::sort_by_user_group(std::uint32_t count) {
  const std::uint32_t chunks = chunks_of(count);
  std::uint32_t next = 0;
  for (std::uint32_t group = 0; group < MfSchedule::groups; ++group) {
    group_start_[group] = next;
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      std::uint32_t& start = chunk_start_[chunk * MfSchedule::groups + group];
      next += std::exchange(start, next);
    }
  }
  group_start_[MfSchedule::groups] = next;
#pragma omp parallel for schedule(dynamic, 1) if (wants_team())
  for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
    std::uint32_t place[MfSchedule::groups];
    std::copy_n(chunk_start_.data() + chunk * MfSchedule::groups, MfSchedule::groups, place);
    const std::uint32_t last = std::min(count, (chunk + 1) * chunk_positives);
    for (std::uint32_t p = chunk * chunk_positives; p < last; ++p) {
      const Interaction pair = shuffled_[p];
      by_user_group_[place[schedule_.user_group(pair.user)]++] = {pair.user, pair.item, p};
    }
  }
}

void MfSweep::draw_and_sort_by_item_group(std::uint32_t group, std::uint32_t epoch, std::uint64_t begin) {
  // Copies that no store can change stay in registers.
  const MfSchedule schedule = schedule_;
  const std::uint32_t* const item_slot = item_slot_.data();
  const std::uint32_t negatives = per_positive_ - 1;
  const MfStream stream{.seed = spec_.seed,
                        .purpose = static_cast<std::uint32_t>(Purpose::negatives),
                        .stream = epoch,
                        .below = spec_.items};
  const Placed* const positives = by_user_group_.data();
  const std::uint32_t end = group_start_[group + 1];
  std::uint32_t* const drawn = drawn_.data() + std::size_t{group_start_[group]} * per_positive_;

  std::vector<std::uint64_t> blocks(draw_positives * blocks_a_positive(negatives) + 8);
  std::vector<std::uint32_t> words(4 * blocks.size());
  std::uint32_t counts[MfSchedule::groups] = {};
  std::uint32_t* out = drawn;
  for (std::uint32_t first = group_start_[group]; first < end; first += draw_positives) {
    const std::uint32_t size = std::min(draw_positives, end - first);
    std::size_t block_count = 0;
    for (std::uint32_t p = 0; p < size; ++p) {
      const std::uint64_t word = (begin + positives[first + p].position) * negatives;
      for (std::uint64_t b = word / 4; b <= (word + negatives - 1) / 4; ++b) blocks[block_count++] = b;
    }
    mf_kernels().draw(stream, blocks.data(), static_cast<long>((block_count + 7) / 8 * 8), words.data());
    const std::uint32_t* next = words.data();
    for (std::uint32_t p = 0; p < size; ++p) {
      const Placed positive = positives[first + p];
      ++counts[schedule.item_group(positive.item)];
      *out++ = positive.item | MfExample::positive;
      const std::uint64_t word = (begin + positive.position) * negatives;
      const std::uint32_t* items = next + word % 4;
      for (std::uint32_t k = 0; k < negatives; ++k) {
        const std::uint32_t slot = item_slot[items[k]];
        ++counts[schedule.item_group(slot)];
        *out++ = slot;
      }
      next += 4 * ((word + negatives - 1) / 4 - word / 4 + 1);
    }
  }

  std::uint32_t place[MfSchedule::groups];
  std::uint32_t start = group_start_[group] * per_positive_;
  for (std::uint32_t i = 0; i < MfSchedule::groups; ++i) {
    block_start_[MfSchedule::block(group, i)] = place[i] = start;
    start += counts[i];
  }
  MfExample* const examples = examples_.data();
  const std::uint32_t* item = drawn;
  for (std::uint32_t p = group_start_[group]; p < end; ++p) {
    const std::uint32_t user = positives[p].user;
    for (std::uint32_t k = 0; k < per_positive_; ++k, ++item)
      examples[place[schedule.item_group(*item & ~MfExample::positive)]++] = {user, *item};
  }
}

}  // namespace frugal::cpu
