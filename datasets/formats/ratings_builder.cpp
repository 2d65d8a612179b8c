#include "datasets/formats/ratings_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>

#include "impl/base/error.hpp"

namespace frugal::data {

bool RatingsBuilder::refine_times() {
  constexpr std::int64_t finer = 1'000'000;
  for (Row& row : rows_)
    if (__builtin_mul_overflow(row.time, finer, &row.time)) return false;
  return true;
}

/// One rating of the rows of one pair, which are in order of time, value and line.
Rating RatingsBuilder::merged(const Row* begin, const Row* end, Duplicates duplicates) const {
  const Row* chosen = end - 1;
  double value = chosen->value;
  if (duplicates == Duplicates::first) {
    chosen = begin;
    while (chosen + 1 != end && chosen[1].time == begin->time) ++chosen;
    value = chosen->value;
  } else if (duplicates == Duplicates::max) {
    for (const Row* row = begin; row != end; ++row)
      if (row->value >= chosen->value) chosen = row;
    value = chosen->value;
  } else if (duplicates == Duplicates::sum) {
    value = 0;
    for (const Row* row = begin; row != end; ++row) value += row->value;
  }
  return {chosen->user, chosen->item, static_cast<float>(value), chosen->time};
}

Ratings RatingsBuilder::finish(const std::string& file, bool timed, Duplicates duplicates) {
  if (rows_.empty()) throw UserError({file}, "this file holds no ratings");
  const std::vector<std::uint32_t> user_rank = users_.sort();
  const std::vector<std::uint32_t> item_rank = items_.sort();
  for (Row& row : rows_) {
    row.user = user_rank[row.user];
    row.item = item_rank[row.item];
  }
  auto by_user = grouped(
      rows_, users_.size(), [](const Row& row) { return row.user; }, [](const Row& row, std::uint32_t) { return row; });
  rows_ = {};

  Ratings ratings;
  ratings.users = users_.size();
  ratings.items = items_.size();
  ratings.timed = timed;
  ratings.rows.reserve(by_user.members.size());
  const auto key = [](const Row& row) { return std::tuple{row.item, row.time, row.value, row.line}; };
  for (std::uint32_t user = 0; user < ratings.users; ++user) {
    const std::span<Row> own = by_user.of(user);
    if (!std::ranges::is_sorted(own, {}, key)) std::ranges::sort(own, {}, key);
    for (std::size_t i = 0; i < own.size();) {
      std::size_t next = i + 1;
      while (next < own.size() && own[next].item == own[i].item) ++next;
      if (next - i > 1 && duplicates == Duplicates::error) {
        throw UserError({file, std::max(own[i].line, own[i + 1].line)},
                        fmt::format("user {} rated item {} twice: here and in line {}", users_.name(user),
                                    items_.name(own[i].item), std::min(own[i].line, own[i + 1].line)));
      }
      ratings.duplicates += next - i - 1;
      ratings.rows.push_back(merged(own.data() + i, own.data() + next, duplicates));
      i = next;
    }
  }
  ratings.user_names = users_.names();
  ratings.item_names = items_.names();
  return ratings;
}

}  // namespace frugal::data
