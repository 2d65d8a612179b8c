#include "datasets/formats/ratings_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>

#include "datasets/formats/pair_order.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"
#include "impl/common/together.hpp"

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

/// Each name behind its length.
std::vector<char> packed(const std::vector<std::string>& names) {
  std::vector<char> bytes;
  for (const std::string& name : names) {
    const auto length = static_cast<std::uint32_t>(name.size());
    const char* const begin = reinterpret_cast<const char*>(&length);
    bytes.insert(bytes.end(), begin, begin + sizeof(length));
    bytes.insert(bytes.end(), name.begin(), name.end());
  }
  return bytes;
}

std::vector<std::string> unpacked(std::span<const char> bytes) {
  std::vector<std::string> names;
  while (!bytes.empty()) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof(length));
    const std::span<const char> name = bytes.subspan(sizeof(length), length);
    names.emplace_back(name.begin(), name.end());
    bytes = bytes.subspan(sizeof(length) + length);
  }
  return names;
}

/// Sorts the ids that all ranks have: the place of each of this rank's among them, by its index; and all their names.
std::vector<std::uint32_t> sort_together(IdMap& ids, Communicator& ranks, std::vector<std::string>& names) {
  std::vector<std::uint32_t> rank = ids.sort();
  names = ids.names();
  if (ranks.size() == 1) return rank;
  const std::vector<std::string> own = std::move(names);
  const std::vector<char> received = gathered_at_first(ranks, packed(own));
  IdMap all;  // rank 0's
  for (const std::string& name : unpacked(received)) all.index(name);
  all.sort();
  const std::vector<char> sorted = gathered(ranks, packed(all.names()));
  names = unpacked(sorted);
  IdMap place;
  for (const std::string& name : names) place.index(name);
  for (std::uint32_t& one : rank) one = place.index(own[one]);
  return rank;
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

/// Makes the times of all ranks count one unit, though only some have fractions.
void RatingsBuilder::unite_times(const std::string& file, Communicator& ranks) {
  const bool any_fine = sum_of(ranks, fine_times_ ? 1 : 0) > 0;
  together(ranks, [&] {
    if (any_fine && !fine_times_ && !refine_times())
      throw UserError({file}, "some times have fractions, and others are too large for them");
  });
}

void RatingsBuilder::deal_by_user(std::uint32_t users, Communicator& ranks) {
  std::vector<std::uint32_t> counts(users);
  for (const Rating& row : rows_) ++counts[row.user];
  add_up(ranks, counts);
  const std::vector<double> work(counts.begin(), counts.end());
  const std::vector<std::size_t> begins = weighted_shares(work, 1, ranks.size());
  const auto owner = [&](const Rating& row) {
    return static_cast<std::size_t>(std::ranges::upper_bound(begins, row.user) - begins.begin() - 1);
  };
  std::vector<std::size_t> going(static_cast<std::size_t>(ranks.size()));
  for (const Rating& row : rows_) ++going[owner(row)];
  std::vector<std::vector<Rating>> outgoing(going.size());
  for (std::size_t to = 0; to < going.size(); ++to) outgoing[to].reserve(going[to]);
  for (const Rating& row : rows_) outgoing[owner(row)].push_back(row);
  rows_ = {};
  rows_ = exchanged(ranks, outgoing);
}

/// Leaves one row of each pair; the rows are in order of the pairs.
void RatingsBuilder::merge(const std::string& file, Duplicates duplicates, Ratings& ratings) {
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
        throw UserError({file, same[1].line}, fmt::format("user {} rated item {} twice: here and in line {}",
                                                          shown(ratings.user_names[same[0].user]),
                                                          shown(ratings.item_names[same[0].item]), same[0].line));
      }
      rows_[kept] = merged(same, duplicates);
      ratings.duplicates += next - k - 1;
    }
    ++kept;
  }
  rows_.resize(kept);
}

Ratings RatingsBuilder::finish(const std::string& file, bool timed, Duplicates duplicates, Communicator& ranks) {
  if (sum_of(ranks, rows_.size()) == 0) throw UserError({file}, "this file holds no ratings");
  unite_times(file, ranks);
  Ratings ratings;
  ratings.timed = timed;
  ratings.fine_times = fine_times_;
  const std::vector<std::uint32_t> user_rank = sort_together(users_, ranks, ratings.user_names);
  const std::vector<std::uint32_t> item_rank = sort_together(items_, ranks, ratings.item_names);
  ratings.users = static_cast<std::uint32_t>(ratings.user_names.size());
  ratings.items = static_cast<std::uint32_t>(ratings.item_names.size());
  for (Rating& row : rows_) {
    row.user = user_rank[row.user];
    row.item = item_rank[row.item];
  }
  if (ranks.size() > 1) deal_by_user(ratings.users, ranks);
  sort_by_pair(rows_, ratings.users, ratings.items);
  together(ranks, [&] { merge(file, duplicates, ratings); });
  ratings.duplicates = sum_of(ranks, ratings.duplicates);
  ratings.rows = std::move(rows_);
  return ratings;
}

}  // namespace frugal::data
