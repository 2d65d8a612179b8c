// Seeded user-item data with a planted structure that matrix factorisation can find and popularity cannot.
//
// Items have a popularity q_i (a power law) and belong to tastes: 0.9 to their main one, 0.1 to a second one.
// Users have a main taste and a second one. A user's next item is drawn without replacement from
//
//   P(i | u) = (1 - signal) q_i + signal * sum_k theta_uk p_k(i),   p_k(i) ~ q_i m_ik,
//
// a matrix of rank at most `rank` + 1. Since it is a mixture, a draw is: toss for the mixture's part, then one alias
// table lookup. Nothing of size users x items exists, so a set of 10^8 events streams user by user at flat memory, and
// any user can be had without the ones before.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "datasets/interactions/alias_table.hpp"
#include "datasets/synthetic/streams.hpp"
#include "impl/base/philox.hpp"

namespace frugal::data {

/// How many, and what is planted in them.
struct InteractionsSpec {
  std::uint32_t users = 2000;
  std::uint32_t items = 1000;
  std::uint64_t interactions = 100'000;
  int rank = 8;             ///< tastes
  double popularity = 0.9;  ///< q_i ~ (position + offset)^-popularity
  double signal = 0.95;     ///< share of draws that follow the user's tastes
};

/// Why no such set can be made, or empty: at least one interaction a user, at most half the items a user, no more
/// tastes than items. negatives: drawn beside each held-out item; too many under every seed are refused here, too many
/// for the busiest user of one seed when they are drawn (up to half the items always fit).
std::string why_invalid(const InteractionsSpec& spec, int negatives = 0);

/// Makes the items of any user. Holds memory for users and items, none for interactions.
class InteractionsGenerator final : public InteractionsStream {
 public:
  /// Throws UserError when the spec is invalid.
  InteractionsGenerator(const InteractionsSpec& spec, std::uint64_t seed);

  std::uint32_t users() const override { return spec_.users; }
  std::uint32_t items() const override { return spec_.items; }

  /// Number of items of a user: a log-normal law, scaled to the exact total.
  std::uint32_t degree(std::uint32_t user) const { return degrees_[user]; }

  /// Distinct items of a user in order of time (a random order, so that the last one is like any other).
  void items_of(std::uint32_t user, std::vector<std::uint32_t>& items);

  void for_each(std::uint32_t first, std::uint32_t end, const Take& take) override;

  /// P(i | u) of the first draw: what an oracle would rank by.
  double probability(std::uint32_t user, std::uint32_t item) const;

 private:
  struct Tastes {
    std::uint32_t main;
    std::uint32_t second;
    double main_share;  ///< the second one has the rest
  };
  struct Group {  ///< the items of one taste
    std::vector<std::uint32_t> items;
    AliasTable table;
    double total = 0;  ///< sum of q_i m_ik
  };

  Tastes user_tastes(std::uint32_t user) const;
  Tastes item_tastes(std::uint32_t item) const;
  void plant_popularity();
  void plant_groups();
  void plant_degrees();
  std::uint32_t draw_item(const Tastes& tastes, const std::array<std::uint32_t, 4>& words) const;
  void draw_rest(std::uint32_t user, std::uint32_t stamp, std::vector<std::uint32_t>& items);

  InteractionsSpec spec_;
  std::uint64_t seed_;
  std::vector<double> popularity_;  ///< q_i, sums to 1
  AliasTable popular_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> degrees_;
  std::vector<std::uint32_t> stamps_;  ///< per item: the last call of items_of that drew it
  std::uint32_t stamp_ = 0;
};

}  // namespace frugal::data
