// From rows with a file's own ids to Ratings with dense ids and distinct pairs. Nothing in the result depends on the
// order of the file's lines, nor on how many ranks read them.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/id_map.hpp"
#include "datasets/formats/times.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/base/names.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::data {

/// What counts where a user has an item several times. last, first: the latest or earliest (of one time, or without
/// times: the highest); max: the highest; sum: all of them together, at the latest time; error: the file is refused.
enum class Duplicates { last, first, max, sum, error };

inline constexpr Named<Duplicates> duplicates_names[] = {{Duplicates::last, "last"},
                                                         {Duplicates::first, "first"},
                                                         {Duplicates::max, "max"},
                                                         {Duplicates::sum, "sum"},
                                                         {Duplicates::error, "error"}};

/// Makes times count millionths of their unit. False, and some of them made so, when one is too large.
bool to_millionths(std::span<Rating> rows);

class RatingsBuilder {
 public:
  void reserve(std::uint64_t rows) { rows_.reserve(rows); }

  void add(const RawId& user, const RawId& item, double value, std::int64_t time, int line) {
    rows_.push_back({users_.index(user), items_.index(item), static_cast<float>(value), line, time});
  }

  /// Asks memory for what add() will look at.
  void prefetch(const RawId& user, const RawId& item) const {
    users_.prefetch(user);
    items_.prefetch(item);
  }

  /// From now on times count millionths of the file's unit; those so far are made so. False when one is too large.
  bool refine_times();
  bool fine_times() const { return fine_times_; }

  std::uint64_t size() const { return rows_.size(); }

  /// The rows so far stand so many lines further down in their file.
  void add_lines_before(int lines) {
    for (Rating& row : rows_) row.line += lines;
  }

  /// Rows by user and item. Throws UserError when there is none, or a pair comes twice and that is an error. Of several
  /// ranks each has added some of a file's rows, and gets those of its own users: a run of users as long as the others'
  /// in ratings, the first users for rank 0.
  Ratings finish(const std::string& file, bool timed, Duplicates duplicates, Communicator& ranks = alone());

 private:
  void unite_times(const std::string& file, Communicator& ranks);
  void deal_by_user(std::uint32_t users, Communicator& ranks);
  void merge(const std::string& file, Duplicates duplicates, Ratings& ratings);

  std::vector<Rating> rows_;
  IdMap users_;
  IdMap items_;
  bool fine_times_ = false;
};

}  // namespace frugal::data
