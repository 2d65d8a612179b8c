#include <fmt/format.h>

#include <cassert>

#include "datasets/interactions.hpp"
#include "datasets/negatives.hpp"
#include "datasets/readers/ratings_builder.hpp"
#include "impl/common/error.hpp"
#include "impl/common/philox.hpp"

namespace frugal::data {

void NegativeSampler::draw(std::uint32_t user, std::span<const std::uint32_t> seen, std::vector<std::uint32_t>& out) {
  const auto wanted = static_cast<std::uint32_t>(negatives_);
  if (seen.size() + wanted > items_) {
    throw UserError(fmt::format("user {} has seen {} of {} items: too few are left for {} negatives", user, seen.size(),
                                items_, negatives_));
  }
  ++stamp_;
  for (const std::uint32_t item : seen) stamps_[item] = stamp_;
  if (2 * (seen.size() + wanted) <= items_) {
    // Every attempt succeeds with probability of at least one half.
    std::uint32_t found = 0;
    for (std::uint64_t attempt = 0; found < wanted; ++attempt) {
      const std::uint32_t item = random_.below(items_, attempt, user);
      if (stamps_[item] == stamp_) continue;
      stamps_[item] = stamp_;
      out.push_back(item);
      ++found;
    }
    return;
  }
  std::vector<std::uint32_t> unseen;
  for (std::uint32_t item = 0; item < items_; ++item) {
    if (stamps_[item] != stamp_) unseen.push_back(item);
  }
  for (std::uint32_t k = 0; k < wanted; ++k) {
    const auto left = static_cast<std::uint32_t>(unseen.size() - k);
    std::swap(unseen[k], unseen[k + random_.below(left, k, user)]);
    out.push_back(unseen[k]);
  }
}

LeaveOneOut leave_one_out(const Ratings& ratings, HoldOut how, int negatives, std::uint64_t seed) {
  if (how == HoldOut::latest && !ratings.timed) {
    throw UserError("these ratings carry no times, so there is no latest one to hold out: hold out a random one");
  }
  const ByUser groups = group_by_user(ratings.rows, ratings.users);
  const Philox random(seed, Purpose::split);
  NegativeSampler sampler(ratings.items, negatives, seed);
  LeaveOneOut split;
  split.users = ratings.users;
  split.items = ratings.items;
  split.negatives_per_query = negatives;

  std::vector<bool> held(ratings.rows.size(), false);
  std::vector<std::uint32_t> seen;
  for (std::uint32_t user = 0; user < ratings.users; ++user) {
    const std::span<const std::uint32_t> rows(groups.order.data() + groups.begin[user],
                                              groups.order.data() + groups.begin[user + 1]);
    if (rows.size() < 2) continue;
    std::uint32_t chosen = rows.front();
    if (how == HoldOut::random) {
      chosen = rows[random.below(static_cast<std::uint32_t>(rows.size()), user)];
    } else {
      for (const std::uint32_t row : rows) {
        if (ratings.rows[row].time >= ratings.rows[chosen].time) chosen = row;
      }
    }
    held[chosen] = true;
    split.held_out.push_back({user, ratings.rows[chosen].item});
    seen.clear();
    for (const std::uint32_t row : rows) seen.push_back(ratings.rows[row].item);
    sampler.draw(user, seen, split.negatives);
  }
  split.train.reserve(ratings.rows.size() - split.held_out.size());
  for (std::size_t row = 0; row < ratings.rows.size(); ++row) {
    if (!held[row]) split.train.push_back({ratings.rows[row].user, ratings.rows[row].item});
  }
  split.protocol = fmt::format("leave-one-out ({}), {} uniform unseen negatives",
                               how == HoldOut::latest ? "latest" : "random", negatives);
  return split;
}

}  // namespace frugal::data
