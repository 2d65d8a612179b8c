#include "datasets/formats/ratings_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "datasets/formats/pair_order.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

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

}  // namespace

bool to_millionths(std::span<Rating> rows) {
  constexpr std::int64_t finer = 1'000'000;
  for (Rating& row : rows)
    if (__builtin_mul_overflow(row.time, finer, &row.time)) return false;
  return true;
}

bool RatingsBuilder::refine_times() {
  fine_times_ = to_millionths(rows_);
  return fine_times_;
}

Ratings RatingsBuilder::finish(const std::string& file, bool timed, Duplicates duplicates) {
  if (rows_.empty()) throw UserError({file}, "this file holds no ratings");
  const std::vector<std::uint32_t> user_rank = users_.sort();
  const std::vector<std::uint32_t> item_rank = items_.sort();
  Ratings ratings;
  ratings.users = users_.size();
  ratings.items = items_.size();
  ratings.timed = timed;
  ratings.fine_times = fine_times_;
  for (Rating& row : rows_) {
    row.user = user_rank[row.user];
    row.item = item_rank[row.item];
  }
  sort_by_pair(rows_, ratings.users, ratings.items);

  // What is merged leaves a gap that closes.
  std::size_t kept = 0;
  for (std::size_t k = 0, next = 0; k < rows_.size(); k = next) {
    next = k + 1;
    while (next < rows_.size() && rows_[next].user == rows_[k].user && rows_[next].item == rows_[k].item) ++next;
    if (next - k == 1) {
      if (kept != k) rows_[kept] = rows_[k];
    } else {
      const std::span<Rating> same = std::span(rows_).subspan(k, next - k);
      if (duplicates == Duplicates::error) {
        std::ranges::sort(same, {}, &Rating::line);
        throw UserError({file, same[1].line},
                        fmt::format("user {} rated item {} twice: here and in line {}",
                                    shown(users_.name(same[0].user)), shown(items_.name(same[0].item)), same[0].line));
      }
      rows_[kept] = merged(same, duplicates);
      ratings.duplicates += next - k - 1;
    }
    ++kept;
  }
  rows_.resize(kept);
  ratings.rows = std::move(rows_);
  ratings.user_names = users_.names();
  ratings.item_names = items_.names();
  return ratings;
}

}  // namespace frugal::data
