// Candidates to rank a held-out item against.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/interactions/alias_table.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::data {

/// The workload cadc has metrics for 99 and for 999.
inline constexpr int fewest_negatives = 99;

/// Draws distinct items from those a user never touched (Philox, Purpose::eval_negatives, stream = user): uniformly, or
/// without replacement in proportion to the items' training interactions, of which an item without any counts one half.
class NegativeSampler {
 public:
  NegativeSampler(std::uint32_t items, int negatives, std::uint64_t seed)
      : items_(items), negatives_(negatives), random_(seed, Purpose::eval_negatives), stamps_(items, 0) {}

  /// By popularity. counts: [items] training interactions.
  NegativeSampler(std::span<const std::uint32_t> counts, int negatives, std::uint64_t seed);

  /// Appends the user's negatives to `out`. seen: distinct. names: of the users, where they have some. Throws UserError
  /// when too few items are left.
  void draw(std::uint32_t user, std::span<const std::uint32_t> seen, std::vector<std::uint32_t>& out,
            std::span<const std::string> names = {});

 private:
  void draw_uniform(std::uint32_t user, std::size_t seen, std::vector<std::uint32_t>& out);
  void draw_popular(std::uint32_t user, std::vector<std::uint32_t>& out);

  std::uint32_t items_;
  int negatives_;
  Philox random_;
  std::vector<std::uint64_t> stamps_;  ///< per item: the last draw that saw or chose it
  std::uint64_t stamp_ = 0;
  std::vector<double> weights_;  ///< by popularity; empty: uniform
  AliasTable popular_;
};

/// Replaces the candidates of a leave-one-out split by drawn ones. law: uniform or popularity. Of several ranks each has the
/// training interactions, and what is held out, of its own users.
void draw_negatives(Split& split, int negatives, NegativeLaw law, std::uint64_t seed, Communicator& ranks = alone());

/// What draw_negatives() made, for Split::protocol: "99 uniform unseen negatives".
std::string describe_negatives(int negatives, NegativeLaw law);

}  // namespace frugal::data
