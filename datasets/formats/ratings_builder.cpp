#include "datasets/formats/ratings_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>

#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

/// One rating of the rows of one pair, two or more, in any order.
Rating merged(std::span<Rating> rows, Duplicates duplicates) {
  std::ranges::sort(rows, {}, [](const Rating& row) { return std::tuple{row.time, row.value, row.line}; });
  if (duplicates == Duplicates::first)
    return *(std::ranges::find_if(rows, [&](const Rating& row) { return row.time != rows[0].time; }) - 1);
  if (duplicates == Duplicates::max)
    return *std::ranges::max_element(rows, {}, [](const Rating& row) { return std::pair{row.value, row.time}; });
  Rating last = rows.back();
  if (duplicates == Duplicates::last) return last;
  double sum = 0;
  for (const Rating& row : rows) sum += row.value;
  last.value = static_cast<float>(sum);
  return last;
}

/// Files that are sorted by user already, as most are, stay where they are.
Groups<Rating> by_user_of(std::vector<Rating>&& rows, std::uint32_t users) {
  if (!std::ranges::is_sorted(rows, {}, &Rating::user))
    return grouped(
        rows, users, [](const Rating& row) { return row.user; }, [](const Rating& row, std::uint32_t) { return row; });
  Groups<Rating> groups{std::vector<std::uint64_t>(users + std::size_t{1}), {}};
  for (const Rating& row : rows) ++groups.offsets[row.user + std::size_t{1}];
  std::partial_sum(groups.offsets.begin(), groups.offsets.end(), groups.offsets.begin());
  groups.members = std::move(rows);
  return groups;
}

}  // namespace

bool RatingsBuilder::refine_times() {
  constexpr std::int64_t finer = 1'000'000;
  for (Rating& row : rows_)
    if (__builtin_mul_overflow(row.time, finer, &row.time)) return false;
  return true;
}

Ratings RatingsBuilder::finish(const std::string& file, bool timed, Duplicates duplicates) {
  if (rows_.empty()) throw UserError({file}, "this file holds no ratings");
  const std::vector<std::uint32_t> user_rank = users_.sort();
  const std::vector<std::uint32_t> item_rank = items_.sort();
  Ratings ratings;
  ratings.users = users_.size();
  ratings.items = items_.size();
  ratings.timed = timed;
  for (Rating& row : rows_) {
    row.user = user_rank[row.user];
    row.item = item_rank[row.item];
  }
  Groups<Rating> by_user = by_user_of(std::move(rows_), ratings.users);
  rows_ = {};

  // Each user's in order of the items, by keys that are quick to sort; what is merged leaves a gap that closes.
  std::vector<std::uint64_t> keys;  // item, then place among the user's
  std::vector<Rating> own, same;
  std::size_t kept = 0;
  for (std::uint32_t user = 0; user < ratings.users; ++user) {
    const std::span<const Rating> rows = by_user.of(user);
    own.assign(rows.begin(), rows.end());
    keys.clear();
    for (std::size_t k = 0; k < own.size(); ++k) keys.push_back(std::uint64_t{own[k].item} << 32 | k);
    std::ranges::sort(keys);
    const auto row_at = [&](std::size_t k) -> const Rating& { return own[keys[k] & 0xffffffff]; };
    for (std::size_t k = 0; k < keys.size();) {
      std::size_t next = k + 1;
      while (next < keys.size() && keys[next] >> 32 == keys[k] >> 32) ++next;
      Rating chosen = row_at(k);
      if (next - k > 1) {
        same.clear();
        for (std::size_t i = k; i < next; ++i) same.push_back(row_at(i));
        if (duplicates == Duplicates::error) {
          std::ranges::sort(same, {}, &Rating::line);
          throw UserError({file, same[1].line}, fmt::format("user {} rated item {} twice: here and in line {}",
                                                            users_.name(user), items_.name(chosen.item), same[0].line));
        }
        chosen = merged(same, duplicates);
        ratings.duplicates += next - k - 1;
      }
      by_user.members[kept++] = chosen;
      k = next;
    }
  }
  by_user.members.resize(kept);
  ratings.rows = std::move(by_user.members);
  ratings.user_names = users_.names();
  ratings.item_names = items_.names();
  return ratings;
}

}  // namespace frugal::data
