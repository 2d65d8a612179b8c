// The positives in the order of mf/schedule.hpp, packed: what MfSchedule::order() gives, in a quarter of its bytes.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/mf/schedule.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/varint.hpp"

namespace frugal::cpu {

/// Each is a varint: the item and, in the lowest bit, whether it is not the one that follows in the caller's order of
/// the same user; then the steps of the slot and of the number follow.
class PackedPositives {
 public:
  PackedPositives() = default;
  /// All parts of them. Sorts so many positives at a time, eight bytes each, and passes over all of them as often as that
  /// takes. counts: of the schedule.
  PackedPositives(const MfSchedule& schedule, const MfSchedule::Counts& counts, const PackedPairs& positives,
                  std::uint64_t at_a_time = run_positives);

  /// Some of the caller's positives, by number.
  struct Numbered {
    Interaction pair;
    std::uint32_t number;
  };
  /// Parts [first_part, end_part), of which `positives` are all, the numbers ascending.
  PackedPositives(const MfSchedule& schedule, const MfSchedule::Counts& counts, std::span<const Numbered> positives,
                  std::uint32_t first_part, std::uint32_t end_part, std::uint64_t at_a_time = run_positives);

  /// Reads the positives of one part.
  class Reader {
   public:
    Reader(const PackedPositives& positives, std::uint32_t part)
        : next_(positives.runs_[positives.parts_[part].run].data() + positives.parts_[part].begin) {}
    MfSchedule::Positive take() {
      const std::uint64_t code = take_varint(next_);
      ++last_.number;
      last_.item = static_cast<std::uint32_t>(code >> 1);
      if (code & 1) {
        last_.user = static_cast<std::uint32_t>(std::int64_t{last_.user} + unzigzag(take_varint(next_)));
        last_.number = static_cast<std::uint32_t>(std::int64_t{last_.number} + unzigzag(take_varint(next_)));
      }
      return last_;
    }

   private:
    const std::uint8_t* next_;
    MfSchedule::Positive last_{0, 0, 0xffffffff};
  };

 private:
  static constexpr std::uint64_t run_positives = std::uint64_t{1} << 28;

  struct Place {
    std::uint32_t run;
    std::uint64_t begin;
  };

  /// Parts [first, end), in runs; for_each(visit) calls visit(pair, number) of all positives, in the caller's order.
  template <class ForEach>
  void add_runs(const MfSchedule& schedule, const MfSchedule::Counts& counts, const ForEach& for_each,
                std::uint32_t first, std::uint32_t end, std::uint64_t at_a_time);
  /// Parts [first, end) as one run.
  template <class ForEach>
  void add_run(const MfSchedule& schedule, const std::vector<std::uint32_t>& counts_by_slot, const ForEach& for_each,
               std::uint32_t first, std::uint32_t end);

  std::vector<std::vector<std::uint8_t>> runs_;
  std::vector<Place> parts_;  ///< [parts of the schedule]
};

}  // namespace frugal::cpu
