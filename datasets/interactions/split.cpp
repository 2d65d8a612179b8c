#include "datasets/interactions/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "datasets/interactions/negatives.hpp"
#include "impl/base/error.hpp"
#include "impl/base/hash.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/together.hpp"

namespace frugal::data {
namespace {

std::vector<std::uint64_t> hashes_of(std::uint32_t count, const std::vector<std::string>& names) {
  std::vector<std::uint64_t> hashes(count);
  for (std::uint32_t k = 0; k < count; ++k) hashes[k] = hash_of(names.empty() ? std::to_string(k) : names[k]);
  return hashes;
}

/// Rows in order of time, and of one time in an order that the seed draws.
class Chronology {
 public:
  Chronology(const Ratings& ratings, std::uint64_t seed)
      : ratings_(ratings),
        random_(seed, Purpose::tie),
        users_(hashes_of(ratings.users, ratings.user_names)),
        items_(hashes_of(ratings.items, ratings.item_names)) {}

  /// The rows of each user.
  void sort(Groups<std::uint32_t>& users) const {
    for (std::size_t user = 0; user < users.size(); ++user) sort(users.of(user));
  }

  void sort(std::span<std::uint32_t> rows) const {
    std::ranges::sort(rows, [&](std::uint32_t a, std::uint32_t b) { return time(a) < time(b); });
    for (std::size_t begin = 0; begin < rows.size();) {
      std::size_t end = begin + 1;
      while (end < rows.size() && time(rows[end]) == time(rows[begin])) ++end;
      if (end - begin > 1) draw(rows.subspan(begin, end - begin));
      begin = end;
    }
  }

  std::int64_t time(std::uint32_t row) const { return ratings_.rows[row].time; }

 private:
  void draw(std::span<std::uint32_t> rows) const {
    std::vector<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::uint32_t>> lots;
    for (const std::uint32_t row : rows) {
      const Rating& rating = ratings_.rows[row];
      const auto words = random_.block(items_[rating.item], static_cast<std::uint32_t>(users_[rating.user]));
      lots.emplace_back(std::uint64_t{words[0]} << 32 | words[1], rating.user, rating.item, row);
    }
    std::ranges::sort(lots);
    for (std::size_t k = 0; k < rows.size(); ++k) rows[k] = std::get<3>(lots[k]);
  }

  const Ratings& ratings_;
  Philox random_;
  std::vector<std::uint64_t> users_;
  std::vector<std::uint64_t> items_;
};

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
std::vector<bool> share_of_all(const Ratings& ratings, const Chronology* latest, double share, std::uint64_t seed) {
  const Philox random(seed, Purpose::split);
  std::vector<std::uint32_t> order(ratings.rows.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto wanted = static_cast<std::ptrdiff_t>(share * static_cast<double>(order.size()));
  if (latest) {
    latest->sort(order);
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

Split split_ratings(const Ratings& ratings, const SplitRule& rule, std::uint64_t seed, Communicator& ranks) {
  const bool by_time = rule.how == HoldOut::latest || rule.how == HoldOut::temporal;
  if (by_time && !ratings.timed) {
    throw UserError("these ratings carry no times, so there is no latest one to hold out: hold out random ones");
  }
  Groups<std::uint32_t> groups = rows_by_user(ratings.rows, ratings.users);
  std::optional<Chronology> chronology;
  std::uint32_t tied = 0;
  if (ratings.timed) {
    chronology.emplace(ratings, seed);
    chronology->sort(groups);
    for (std::uint32_t user = 0; user < ratings.users; ++user) {
      const std::span<const std::uint32_t> rows = groups.of(user);
      const std::size_t n = rows.size();
      tied += n >= 2 && chronology->time(rows[n - 1]) == chronology->time(rows[n - 2]);
    }
  }
  const bool leave_one_out = rule.how == HoldOut::latest || rule.how == HoldOut::random;
  assert((leave_one_out || ranks.size() == 1) && "a share of all is not cut by user");
  const std::vector<bool> held =
      leave_one_out ? one_of_each_user(ratings, groups, by_time, seed)
                    : share_of_all(ratings, by_time ? &*chronology : nullptr, rule.test_fraction, seed);
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
  if (sum_of(ranks, split.train.size()) == 0 || sum_of(ranks, split.held_out.size()) == 0)
    throw UserError("this split leaves nothing to train on, or nothing to test on");
  const std::string_view how = to_word(hold_out_names, rule.how);
  if (leave_one_out) {
    draw_negatives(split, rule.negatives, rule.law, seed, ranks);
    split.protocol = fmt::format("leave-one-out ({}), {}", how, describe_negatives(rule.negatives, rule.law));
    if (by_time) {
      split.tied_users = static_cast<std::uint32_t>(sum_of(ranks, tied));
      if (*split.tied_users > 0)
        split.protocol += fmt::format(", of {} users' equally late items one by the seed", *split.tied_users);
    }
  } else {
    split.protocol =
        fmt::format("{} split, {:g} % held out, {} held-out interactions of users unknown to training dropped", how,
                    100 * rule.test_fraction, dropped);
  }
  return split;
}

Split split_parts(std::span<const Ratings, 3> parts, HeldPart held_out, std::uint64_t seed) {
  Ratings trained = parts[0];
  if (held_out == HeldPart::test) {
    trained.rows.insert(trained.rows.end(), parts[1].rows.begin(), parts[1].rows.end());
    std::ranges::sort(trained.rows, {}, [](const Rating& row) { return std::pair{row.user, row.item}; });
  }
  Groups<std::uint32_t> groups = rows_by_user(trained.rows, trained.users);
  if (trained.timed) Chronology(trained, seed).sort(groups);
  Split split;
  static_cast<Population&>(split) = trained;
  split.chronological = trained.timed;
  for (const std::uint32_t row : groups.members)
    split.train.push_back({trained.rows[row].user, trained.rows[row].item});
  std::vector<bool> known(split.users, false);
  for (const Interaction& pair : split.train) known[pair.user] = true;
  for (const Rating& row : parts[held_out == HeldPart::test ? 2 : 1].rows)
    split.held_out.push_back({row.user, row.item});
  const std::size_t dropped = std::erase_if(split.held_out, [&](const Interaction& pair) { return !known[pair.user]; });
  if (split.train.empty() || split.held_out.empty())
    throw UserError("this split leaves nothing to train on, or nothing to test on");
  split.protocol = fmt::format("given split, {}", held_out == HeldPart::test
                                                      ? "tested on test, trained on train and validation"
                                                      : "tested on validation, trained on train, test left out");
  if (dropped > 0)
    split.protocol += fmt::format(", {} held-out interactions of users unknown to training dropped", dropped);
  return split;
}

void take_validation(Split& split, std::uint64_t seed) {
  const Groups<std::uint32_t> groups = rows_by_user(split.train, split.users);
  const Philox random(seed, Purpose::validation);
  std::vector<bool> taken(split.train.size(), false);
  for (std::uint32_t user = 0; user < split.users; ++user) {
    const std::span<const std::uint32_t> rows = groups.of(user);
    if (rows.size() < 2) continue;
    taken[rows[random.below(static_cast<std::uint32_t>(rows.size()), user)]] = true;
  }
  PackedPairs kept;
  std::size_t row = 0;
  for (const Interaction& pair : split.train)
    if (taken[row++])
      split.validation.push_back(pair);
    else
      kept.push_back(pair);
  std::ranges::sort(split.validation, {}, &Interaction::user);  // one a user
  split.train = std::move(kept);
}

void keep_tested_users(Split& split, std::uint64_t users, std::uint64_t seed, Communicator& ranks) {
  std::vector<std::uint32_t> tested;
  for (const Interaction& query : split.held_out) tested.push_back(query.user);
  tested = gathered(ranks, tested);
  std::ranges::sort(tested);
  tested.erase(std::unique(tested.begin(), tested.end()), tested.end());
  if (users == 0 || users >= tested.size()) return;
  const Philox random(seed, Purpose::tested_user);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> lots;
  lots.reserve(tested.size());
  for (const std::uint32_t user : tested) lots.emplace_back(random.word(user), user);
  std::nth_element(lots.begin(), lots.begin() + static_cast<std::ptrdiff_t>(users), lots.end());
  std::vector<bool> kept(split.users, false);
  for (std::size_t k = 0; k < users; ++k) kept[lots[k].second] = true;
  std::vector<std::uint32_t> queries;
  for (std::uint32_t query = 0; query < split.held_out.size(); ++query)
    if (kept[split.held_out[query].user]) queries.push_back(query);
  keep_queries(split, queries);
  split.protocol += fmt::format(", tested on {} of {} users", users, tested.size());
}

}  // namespace frugal::data
