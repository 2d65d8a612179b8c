#include "datasets/formats/ratings_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>

#include "impl/base/error.hpp"

namespace frugal::data {

std::uint32_t IdMap::far_index(std::uint32_t id) {
  const auto [slot, fresh] = far_.try_emplace(id, size());
  if (fresh) add(id);
  return slot->second;
}

std::vector<std::string> IdMap::names() const {
  std::vector<std::string> result;
  result.reserve(ids_.size());
  for (const std::uint32_t id : ids_) result.push_back(std::to_string(id));
  return result;
}

std::vector<std::uint32_t> IdMap::sort() {
  std::vector<std::uint32_t> order(ids_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t index) { return ids_[index]; });
  std::vector<std::uint32_t> rank(ids_.size());
  for (std::uint32_t place = 0; place < order.size(); ++place) rank[order[place]] = place;
  std::ranges::sort(ids_);
  for (std::uint32_t& slot : near_)
    if (slot != absent) slot = rank[slot];
  for (auto& [id, slot] : far_) slot = rank[slot];
  return rank;
}

Ratings RatingsBuilder::finish(const std::string& file, bool timed, Duplicates duplicates) {
  if (rows_.empty()) throw UserError({file}, "this file holds no ratings");
  const std::vector<std::uint32_t> user_rank = users_.sort();
  const std::vector<std::uint32_t> item_rank = items_.sort();
  for (auto& [rating, line] : rows_) {
    rating.user = user_rank[rating.user];
    rating.item = item_rank[rating.item];
  }
  auto by_user = grouped(
      rows_, users_.size(), [](const Row& row) { return row.rating.user; },
      [](const Row& row, std::uint32_t) { return row; });
  rows_ = {};

  Ratings ratings;
  ratings.users = users_.size();
  ratings.items = items_.size();
  ratings.timed = timed;
  ratings.rows.reserve(by_user.members.size());
  for (std::uint32_t user = 0; user < ratings.users; ++user) {
    const std::span<Row> own = by_user.of(user);
    std::ranges::sort(own, {}, [](const Row& row) {
      return std::tuple{row.rating.item, row.rating.time, row.rating.value, row.line};
    });
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (i + 1 == own.size() || own[i + 1].rating.item != own[i].rating.item) {
        ratings.rows.push_back(own[i].rating);
        continue;
      }
      ++ratings.duplicates;
      if (duplicates == Duplicates::merge) continue;
      throw UserError({file, std::max(own[i].line, own[i + 1].line)},
                      fmt::format("user {} rated item {} twice: here and in line {}", users_.id(user),
                                  items_.id(own[i].rating.item), std::min(own[i].line, own[i + 1].line)));
    }
  }
  ratings.user_names = users_.names();
  ratings.item_names = items_.names();
  return ratings;
}

}  // namespace frugal::data
