#include "datasets/interactions/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "datasets/interactions/negatives.hpp"
#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

/// The rows to hold out: one of each user's.
std::vector<bool> one_of_each_user(const Ratings& ratings, const Groups<std::uint32_t>& groups, bool latest,
                                   std::uint64_t seed) {
  const Philox random(seed, Purpose::split);
  std::vector<bool> held(ratings.rows.size(), false);
  for (std::uint32_t user = 0; user < ratings.users; ++user) {
    const std::span<const std::uint32_t> rows = groups.of(user);
    if (rows.size() < 2) continue;
    held[latest ? rows.back() : rows[random.below(static_cast<std::uint32_t>(rows.size()), user)]] = true;
  }
  return held;
}

/// The rows to hold out: a share of all, the latest or random ones.
std::vector<bool> share_of_all(const Ratings& ratings, bool latest, double share, std::uint64_t seed) {
  const Philox random(seed, Purpose::split);
  std::vector<std::uint32_t> order(ratings.rows.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto wanted = static_cast<std::ptrdiff_t>(share * static_cast<double>(order.size()));
  if (latest) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return ratings.rows[a].time < ratings.rows[b].time; });
  } else {
    std::vector<std::uint32_t> key(order.size());
    for (std::size_t row = 0; row < key.size(); ++row) key[row] = random.word(row);
    std::nth_element(order.begin(), order.end() - wanted, order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair{key[a], a} < std::pair{key[b], b};
    });
  }
  std::vector<bool> held(order.size(), false);
  for (auto row = order.end() - wanted; row != order.end(); ++row) held[*row] = true;
  return held;
}

}  // namespace

Split split_ratings(const Ratings& ratings, const SplitRule& rule, std::uint64_t seed) {
  const bool by_time = rule.how == HoldOut::latest || rule.how == HoldOut::temporal;
  if (by_time && !ratings.timed) {
    throw UserError("these ratings carry no times, so there is no latest one to hold out: hold out random ones");
  }
  Groups<std::uint32_t> groups = rows_by_user(ratings.rows, ratings.users);
  if (ratings.timed) {
    for (std::uint32_t user = 0; user < ratings.users; ++user) {
      const std::span<std::uint32_t> rows = groups.of(user);
      std::stable_sort(rows.begin(), rows.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return ratings.rows[a].time < ratings.rows[b].time; });
    }
  }
  const bool leave_one_out = rule.how == HoldOut::latest || rule.how == HoldOut::random;
  const std::vector<bool> held = leave_one_out ? one_of_each_user(ratings, groups, by_time, seed)
                                               : share_of_all(ratings, by_time, rule.test_fraction, seed);
  Split split;
  static_cast<Population&>(split) = ratings;
  split.chronological = ratings.timed;
  std::uint64_t dropped = 0;
  for (std::uint32_t user = 0; user < ratings.users; ++user) {
    const std::span<const std::uint32_t> rows = groups.of(user);
    const bool known = !std::ranges::all_of(rows, [&](std::uint32_t row) { return held[row]; });
    for (const std::uint32_t row : rows) {
      const Interaction pair{user, ratings.rows[row].item};
      if (!held[row]) {
        split.train.push_back(pair);
      } else if (known) {
        split.held_out.push_back(pair);
      } else {
        ++dropped;
      }
    }
  }
  if (split.train.empty() || split.held_out.empty())
    throw UserError("this split leaves nothing to train on, or nothing to test on");
  const std::string_view how = to_word(hold_out_names, rule.how);
  if (leave_one_out) {
    draw_negatives(split, rule.negatives, rule.law, seed);
    split.protocol = fmt::format("leave-one-out ({}), {}", how, describe_negatives(rule.negatives, rule.law));
  } else {
    split.protocol =
        fmt::format("{} split, {:g} % held out, {} held-out interactions of users unknown to training dropped", how,
                    100 * rule.test_fraction, dropped);
  }
  return split;
}

std::vector<Interaction> take_validation(Split& split, std::uint64_t seed) {
  const Groups<std::uint32_t> groups = rows_by_user(split.train, split.users);
  const Philox random(seed, Purpose::validation);
  std::vector<Interaction> validation;
  std::vector<bool> taken(split.train.size(), false);
  for (std::uint32_t user = 0; user < split.users; ++user) {
    const std::span<const std::uint32_t> rows = groups.of(user);
    if (rows.size() < 2) continue;
    const std::uint32_t row = rows[random.below(static_cast<std::uint32_t>(rows.size()), user)];
    validation.push_back(split.train[row]);
    taken[row] = true;
  }
  std::size_t kept = 0;
  for (std::size_t row = 0; row < split.train.size(); ++row)
    if (!taken[row]) split.train[kept++] = split.train[row];
  split.train.resize(kept);
  return validation;
}

}  // namespace frugal::data
