#include "datasets/interactions/filter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

constexpr std::uint32_t gone = 0xffffffff;

/// New dense indices for the ids with a rating left, in the old order; drops the names of the others.
std::vector<std::uint32_t> renumber(const std::vector<std::uint32_t>& counts, std::vector<std::string>& names) {
  std::vector<std::uint32_t> index(counts.size(), gone);
  std::uint32_t next = 0;
  for (std::size_t id = 0; id < counts.size(); ++id) {
    if (counts[id] == 0) continue;
    if (!names.empty()) names[next] = names[id];
    index[id] = next++;
  }
  if (!names.empty()) names.resize(next);
  return index;
}

}  // namespace

Ratings filter_ratings(Ratings ratings, double min_rating, int core, Communicator& ranks) {
  const auto least_value = static_cast<float>(min_rating);  // as ratings are held: 3.3 is not less than 3.3
  if (min_rating != 0) std::erase_if(ratings.rows, [&](const Rating& row) { return row.value < least_value; });
  std::vector<std::uint32_t> of_user;
  std::vector<std::uint32_t> of_item;
  for (bool changed = true; changed;) {
    of_user.assign(ratings.users, 0);
    of_item.assign(ratings.items, 0);
    for (const Rating& row : ratings.rows) {
      ++of_user[row.user];
      ++of_item[row.item];
    }
    add_up(ranks, of_user);  // for renumber()
    add_up(ranks, of_item);
    const auto least = static_cast<std::uint32_t>(core);
    const std::uint64_t left_out = std::erase_if(
        ratings.rows, [&](const Rating& row) { return of_user[row.user] < least || of_item[row.item] < least; });
    changed = sum_of(ranks, left_out) > 0;
  }
  if (sum_of(ranks, ratings.rows.size()) == 0)
    throw UserError(fmt::format("no rating is left with min_rating {:g} and core {}", min_rating, core));
  const auto user_index = renumber(of_user, ratings.user_names);
  const auto item_index = renumber(of_item, ratings.item_names);
  for (Rating& row : ratings.rows) {
    row.user = user_index[row.user];
    row.item = item_index[row.item];
  }
  const auto left = [](const auto& index) {
    return static_cast<std::uint32_t>(index.size()) - static_cast<std::uint32_t>(std::ranges::count(index, gone));
  };
  ratings.users = left(user_index);
  ratings.items = left(item_index);
  return ratings;
}

}  // namespace frugal::data
