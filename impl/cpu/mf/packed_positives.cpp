#include "impl/cpu/mf/packed_positives.hpp"

#include <cstddef>
#include <utility>

namespace frugal::cpu {

PackedPositives::PackedPositives(const MfSchedule& schedule, const MfSchedule::Counts& counts,
                                 const PackedPairs& positives, std::uint64_t at_a_time) {
  const auto for_each = [&](const auto& visit) {
    std::uint32_t number = 0;
    for (const Interaction& pair : positives) visit(pair, number++);
  };
  add_runs(schedule, counts, for_each, 0, schedule.parts(), at_a_time);
}

PackedPositives::PackedPositives(const MfSchedule& schedule, const MfSchedule::Counts& counts,
                                 std::span<const Numbered> positives, std::uint32_t first_part, std::uint32_t end_part,
                                 std::uint64_t at_a_time) {
  const auto for_each = [&](const auto& visit) {
    for (const Numbered& one : positives) visit(one.pair, one.number);
  };
  add_runs(schedule, counts, for_each, first_part, end_part, at_a_time);
}

template <class ForEach>
void PackedPositives::add_runs(const MfSchedule& schedule, const MfSchedule::Counts& counts, const ForEach& for_each,
                               std::uint32_t first, std::uint32_t end, std::uint64_t at_a_time) {
  std::vector<std::uint32_t> by_slot(counts.users.size());
  for (std::size_t user = 0; user < by_slot.size(); ++user) by_slot[schedule.users().slot[user]] = counts.users[user];
  parts_.resize(schedule.parts());
  while (first < end) {
    std::uint32_t run_end = first + 1;
    while (run_end < end && std::uint64_t{schedule.begins()[run_end + 1]} - schedule.begins()[first] <= at_a_time)
      ++run_end;
    add_run(schedule, by_slot, for_each, first, run_end);
    first = run_end;
  }
}

template <class ForEach>
void PackedPositives::add_run(const MfSchedule& schedule, const std::vector<std::uint32_t>& counts_by_slot,
                              const ForEach& for_each, std::uint32_t first, std::uint32_t end) {
  const std::uint32_t first_slot = schedule.users().begins[first];
  const std::uint32_t end_slot = schedule.users().begins[end];
  std::vector<std::uint32_t> next(end_slot - first_slot);  // a run has less than 2^32
  std::uint32_t total = 0;
  for (std::uint32_t slot = first_slot; slot < end_slot; ++slot) {
    next[slot - first_slot] = total;
    total += counts_by_slot[slot];
  }
  struct Sorted {
    std::uint32_t item;
    std::uint32_t number;
  };
  std::vector<Sorted> sorted(total);
  for_each([&](const Interaction& pair, std::uint32_t number) {
    const std::uint32_t slot = schedule.users().slot[pair.user];
    if (slot >= first_slot && slot < end_slot) sorted[next[slot - first_slot]++] = {pair.item, number};
  });

  std::vector<std::uint8_t> run;
  const auto each = static_cast<std::size_t>(varint_bytes(std::uint64_t{schedule.items().slot.size()} << 1));
  run.reserve(each * total + total / 8);
  const Sorted* from = sorted.data();
  for (std::uint32_t part = first; part < end; ++part) {
    parts_[part] = {static_cast<std::uint32_t>(runs_.size()), run.size()};
    std::uint32_t last_slot = 0;
    std::uint32_t expected = 0;
    for (std::uint32_t slot = schedule.users().begins[part]; slot < schedule.users().begins[part + 1]; ++slot)
      for (std::uint32_t k = 0; k < counts_by_slot[slot]; ++k, ++from) {
        const bool jumps = slot != last_slot || from->number != expected;
        put_varint(run, std::uint64_t{from->item} << 1 | (jumps ? 1 : 0));
        if (jumps) {
          put_varint(run, zigzag(std::int64_t{slot} - std::int64_t{last_slot}));
          put_varint(run, zigzag(std::int64_t{from->number} - std::int64_t{expected}));
        }
        last_slot = slot;
        expected = from->number + 1;
      }
  }
  run.shrink_to_fit();
  runs_.push_back(std::move(run));
}

}  // namespace frugal::cpu
