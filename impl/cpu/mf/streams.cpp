#include "impl/cpu/mf/streams.hpp"

#include <algorithm>
#include <stdexcept>

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

void MfStreams::set_positives(const PackedPairs& positives) {
  const MfSchedule::Counts counts = MfSchedule::count(spec_, positives);
  set_schedule(counts);
  positives_ = PackedPositives(*schedule_, counts, positives);
}

void MfStreams::set_positives(const MfSchedule::Counts& counts, std::span<const PackedPositives::Numbered> positives,
                              std::uint32_t first_group, std::uint32_t end_group) {
  constexpr std::uint32_t workers = MfSchedule::workers;
  positives_ = PackedPositives(*schedule_, counts, positives, first_group * workers, end_group * workers);
}

void MfStreams::set_schedule(const MfSchedule::Counts& counts) {
  schedule_.emplace(spec_, counts);
  positives_ = {};
  positives_count_ = schedule_->begins().back();
  const MfSchedule::Side& items = schedule_->items();
  items_.resize(spec_.items);
  for (std::uint32_t i = 0; i < spec_.items; ++i) items_[i] = {items.slot[i], items.part[i]};
  const std::uint64_t examples = positives_count_ * (1 + static_cast<std::uint64_t>(spec_.negatives));
  const std::uint32_t groups = schedule_->groups();
  // Rounds are about equally long: nine tenths of the room hold as many as that on most draws.
  rounds_at_once_ = examples <= room_
                        ? groups
                        : std::max(1U, static_cast<std::uint32_t>(0.9 * static_cast<double>(room_) * groups /
                                                                  static_cast<double>(examples)));
  make_room(room_ == whole_epoch ? 0 : std::min(examples, room_));
  begins_.assign(std::size_t{schedule_->parts()} * (schedule_->turns() + 1), 0);
}

void MfStreams::make_room(std::uint64_t examples) {
  examples_ = {};
  examples_ = AlignedBuffer<MfExample>(examples + 1);
  examples_[examples] = {};
}

bool MfStreams::wants_team() const {
  return positives_count_ * (1 + static_cast<std::uint64_t>(spec_.negatives)) >= parallel_examples;
}

std::uint32_t MfStreams::prepare(std::uint32_t epoch, std::uint32_t first_group, std::uint32_t end_group,
                                 std::uint32_t first_round) {
  constexpr std::uint32_t workers = MfSchedule::workers;
  std::uint32_t rounds = std::min(rounds_at_once_, schedule_->groups() - first_round);
  while (true) {
    const Turns turns{first_round * workers, (first_round + rounds) * workers};
    taken_ = 0;
#pragma omp parallel if (wants_team())
    {
      Scratch scratch;
#pragma omp for schedule(dynamic, 1)
      for (std::uint32_t part = first_group * workers; part < end_group * workers; ++part)
        prepare(part, epoch, turns, scratch);
    }
    if (taken_ < examples_.size()) return first_round + rounds;  // one stays free: it may be read
    // Busy items have made these rounds longer than most.
    if (rounds > 1 && room_ != whole_epoch) {
      rounds /= 2;
      continue;
    }
    if (taken_ >> 32 != 0)
      throw std::length_error("logistic SGD: more than 2^32 examples at a time; several ranks have to be more");
    make_room(taken_ + taken_ / 16);  // the next epoch has about as many
  }
}

void MfStreams::prepare(std::uint32_t part, std::uint32_t epoch, Turns turns, Scratch& scratch) {
  const MfSchedule& schedule = *schedule_;
  const std::uint32_t groups = schedule.groups();
  const auto negatives = static_cast<std::uint32_t>(spec_.negatives);
  const PhiloxStream random{
      .seed = spec_.seed, .purpose = static_cast<std::uint32_t>(Purpose::negatives), .stream = epoch};
  const Placed* const items = items_.data();
  std::uint32_t* const begins = begins_.data() + std::size_t{part} * (schedule.turns() + 1);
  std::fill(begins + turns.first, begins + turns.end + 1, 0);
  const std::uint32_t count = schedule.begins()[part + 1] - schedule.begins()[part];
  const std::size_t drawn_at_most = std::size_t{count} * (1 + negatives);
  if (scratch.drawn.size() < drawn_at_most + 1) scratch.drawn.resize(drawn_at_most + 1);
  scratch.blocks.resize(draw_positives * blocks_a_positive(negatives) + 8);
  scratch.words.resize(4 * scratch.blocks.size());
  std::uint64_t* const blocks = scratch.blocks.data();
  std::uint32_t* const words = scratch.words.data();
  Drawn* out = scratch.drawn.data();
  const auto add = [&](std::uint32_t user, std::uint32_t item, std::uint32_t label) {
    const Placed placed = items[item];
    const std::uint32_t turn = MfSchedule::turn(groups, part, placed.part);
    *out = {{user, placed.slot | label}, turn};
    const bool wanted = turn - turns.first < turns.end - turns.first;  // without a branch: it is hard to predict
    begins[wanted ? turn : turns.first] += wanted;
    out += wanted;
  };
  PackedPositives::Reader reader(positives_, part);
  for (std::uint32_t first = 0; first < count; first += draw_positives) {
    const std::uint32_t size = std::min(draw_positives, count - first);
    MfSchedule::Positive positives[draw_positives];
    std::uint32_t place[draw_positives];  // of each positive's first word
    std::size_t drawn = 0;                // blocks
    for (std::uint32_t p = 0; p < size; ++p) {
      positives[p] = reader.take();
      const std::uint64_t word = std::uint64_t{positives[p].number} * negatives;
      const bool shared = drawn > 0 && blocks[drawn - 1] == word / 4;  // the last block of the positive before
      place[p] = static_cast<std::uint32_t>(4 * (drawn - shared) + word % 4);
      for (std::uint64_t b = word / 4 + shared; b <= (word + negatives - 1) / 4; ++b) blocks[drawn++] = b;
    }
    mf_kernels().draw(random, spec_.items, blocks, static_cast<long>((drawn + 7) / 8 * 8), words);
    for (std::uint32_t p = 0; p < size; ++p) {
      add(positives[p].user, positives[p].item, MfExample::positive);
      for (std::uint32_t k = 0; k < negatives; ++k) add(positives[p].user, words[place[p] + k], 0);
    }
  }

  // Counts become places, and places, once all have been taken, the begins of the next turn.
  const auto kept = static_cast<std::uint64_t>(out - scratch.drawn.data());
  const std::uint64_t begin = taken_.fetch_add(kept);
  if (begin + kept >= examples_.size()) return;  // prepare() tries again
  auto next = static_cast<std::uint32_t>(begin);
  for (std::uint32_t t = turns.first; t < turns.end; ++t) {
    const std::uint32_t here = begins[t];
    begins[t] = next;
    next += here;
  }
  begins[turns.end] = next;
  MfExample* const examples = examples_.data();
  for (const Drawn* d = scratch.drawn.data(); d != out; ++d) examples[begins[d->turn]++] = d->example;
  for (std::uint32_t t = turns.end; t > turns.first; --t) begins[t] = begins[t - 1];
  begins[turns.first] = static_cast<std::uint32_t>(begin);
}

SgdRound MfStreams::round(std::uint32_t group, std::uint32_t round) const {
  SgdRound work{.examples = examples_.data(), .begins = {}, .turns = MfSchedule::workers};
  for (std::uint32_t a = 0; a < MfSchedule::workers; ++a)
    work.begins[a] = begins_.data() + std::size_t{group * MfSchedule::workers + a} * (schedule_->turns() + 1) +
                     round * MfSchedule::workers;
  return work;
}

}  // namespace frugal::cpu
