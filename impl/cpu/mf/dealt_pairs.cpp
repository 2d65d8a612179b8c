#include "impl/cpu/mf/dealt_pairs.hpp"

namespace frugal::cpu {

MfSchedule::Counts count_together(Communicator& ranks, const MfSpec& spec, const PairsRun& run) {
  MfSchedule::Counts counts = MfSchedule::count(spec, run.pairs);
  add_up(ranks, counts.users);
  add_up(ranks, counts.items);
  return counts;
}

std::vector<int> ranks_of_rows(std::span<const std::size_t> begins) {
  std::vector<int> ranks(begins.back());
  for (std::size_t r = 0; r + 1 < begins.size(); ++r)
    for (std::size_t row = begins[r]; row < begins[r + 1]; ++row) ranks[row] = static_cast<int>(r);
  return ranks;
}

}  // namespace frugal::cpu
