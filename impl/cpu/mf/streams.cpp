#include "impl/cpu/mf/streams.hpp"

#include <algorithm>

#include "impl/base/philox.hpp"

namespace frugal::cpu {
namespace {

static_assert(sgd_workers == MfSchedule::workers);

/// Examples of an epoch from which on waking a team of threads pays.
constexpr std::uint64_t parallel_examples = 20'000;

/// Positives whose negatives are drawn at a time; they stay in the first-level cache.
constexpr std::uint32_t draw_positives = 32;

/// The largest number of Philox blocks that hold the words of one positive.
constexpr std::uint32_t blocks_a_positive(std::uint32_t negatives) { return (negatives + 2 * 3) / 4; }

}  // namespace

void MfStreams::set_positives(std::span<const Interaction> positives) {
  schedule_.emplace(spec_, MfSchedule::count(spec_, positives));
  positives_ = schedule_->order(positives);
  const MfSchedule::Side& items = schedule_->items();
  items_.resize(spec_.items);
  for (std::uint32_t i = 0; i < spec_.items; ++i) items_[i] = {items.slot[i], items.part[i]};
  examples_ = AlignedBuffer<MfExample>(positives.size() * (1 + static_cast<std::size_t>(spec_.negatives)) + 1);
  examples_[examples_.size() - 1] = {};
  begins_.assign(std::size_t{schedule_->parts()} * (schedule_->turns() + 1), 0);
}

bool MfStreams::wants_team() const { return examples_.size() >= parallel_examples; }

void MfStreams::prepare(std::uint32_t epoch, std::uint32_t first, std::uint32_t end) {
  const std::uint32_t first_part = first * MfSchedule::workers;
  const std::uint32_t end_part = end * MfSchedule::workers;
#pragma omp parallel if (wants_team())
  {
    Scratch scratch;
#pragma omp for schedule(dynamic, 1)
    for (std::uint32_t part = first_part; part < end_part; ++part) prepare(part, epoch, scratch);
  }
}

void MfStreams::prepare(std::uint32_t part, std::uint32_t epoch, Scratch& scratch) {
  const MfSchedule& schedule = *schedule_;
  const std::uint32_t groups = schedule.groups();
  const auto negatives = static_cast<std::uint32_t>(spec_.negatives);
  const MfStream random{.seed = spec_.seed,
                        .purpose = static_cast<std::uint32_t>(Purpose::negatives),
                        .stream = epoch,
                        .below = spec_.items};
  const Placed* const items = items_.data();
  std::uint32_t* const begins = begins_.data() + std::size_t{part} * (schedule.turns() + 1);
  std::fill_n(begins, schedule.turns() + 1, 0);
  const std::uint32_t first_positive = schedule.begins()[part];
  const std::uint32_t end = schedule.begins()[part + 1];
  scratch.drawn.resize(std::size_t{end - first_positive} * (1 + negatives));
  scratch.blocks.resize(draw_positives * blocks_a_positive(negatives) + 8);
  scratch.words.resize(4 * scratch.blocks.size());
  std::uint64_t* const blocks = scratch.blocks.data();
  std::uint32_t* const words = scratch.words.data();
  Drawn* out = scratch.drawn.data();
  const auto add = [&](std::uint32_t user, std::uint32_t item, std::uint32_t label) {
    const Placed placed = items[item];
    const std::uint32_t turn = MfSchedule::turn(groups, part, placed.part);
    ++begins[turn];
    *out++ = {{user, placed.slot | label}, turn};
  };
  for (std::uint32_t first = first_positive; first < end; first += draw_positives) {
    const std::uint32_t size = std::min(draw_positives, end - first);
    const MfSchedule::Positive* const positives = positives_.data() + first;
    std::uint32_t place[draw_positives];  // of each positive's first word
    std::size_t count = 0;
    for (std::uint32_t p = 0; p < size; ++p) {
      const std::uint64_t word = std::uint64_t{positives[p].number} * negatives;
      place[p] = static_cast<std::uint32_t>(4 * count + word % 4);
      for (std::uint64_t b = word / 4; b <= (word + negatives - 1) / 4; ++b) blocks[count++] = b;
    }
    mf_kernels().draw(random, blocks, static_cast<long>((count + 7) / 8 * 8), words);
    for (std::uint32_t p = 0; p < size; ++p) {
      add(positives[p].user, positives[p].item, MfExample::positive);
      for (std::uint32_t k = 0; k < negatives; ++k) add(positives[p].user, words[place[p] + k], 0);
    }
  }

  // Counts become places, and places, once all have been taken, the begins of the next turn.
  std::uint32_t next = first_positive * (1 + negatives);
  for (std::uint32_t t = 0; t < schedule.turns(); ++t) {
    const std::uint32_t count = begins[t];
    begins[t] = next;
    next += count;
  }
  begins[schedule.turns()] = next;
  MfExample* const examples = examples_.data();
  for (const Drawn& d : scratch.drawn) examples[begins[d.turn]++] = d.example;
  for (std::uint32_t t = schedule.turns(); t > 0; --t) begins[t] = begins[t - 1];
  begins[0] = first_positive * (1 + negatives);
}

SgdRound MfStreams::round(std::uint32_t group, std::uint32_t round) const {
  SgdRound work{.examples = examples_.data(), .begins = {}, .turns = MfSchedule::workers};
  for (std::uint32_t a = 0; a < MfSchedule::workers; ++a)
    work.begins[a] = begins_.data() + std::size_t{group * MfSchedule::workers + a} * (schedule_->turns() + 1) +
                     round * MfSchedule::workers;
  return work;
}

}  // namespace frugal::cpu
