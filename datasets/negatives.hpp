// Candidates to rank a held-out item against.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/philox.hpp"

namespace frugal::data {

/// Draws distinct items uniformly from those a user never touched (Philox, Purpose::eval_negatives, stream = user).
class NegativeSampler {
 public:
  NegativeSampler(std::uint32_t items, int negatives, std::uint64_t seed)
      : items_(items), negatives_(negatives), random_(seed, Purpose::eval_negatives), stamps_(items, 0) {}

  /// Appends the user's negatives to `out`. seen: distinct. Throws UserError when too few items are left.
  void draw(std::uint32_t user, std::span<const std::uint32_t> seen, std::vector<std::uint32_t>& out);

 private:
  std::uint32_t items_;
  int negatives_;
  Philox random_;
  std::vector<std::uint64_t> stamps_;  ///< per item: the last draw that saw or chose it
  std::uint64_t stamp_ = 0;
};

}  // namespace frugal::data
