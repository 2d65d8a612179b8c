#include "datasets/formats/ratings_builder.hpp"

#include <fmt/format.h>

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

Ratings RatingsBuilder::finish(const std::string& file, bool timed, Duplicates duplicates) {
  if (ratings_.rows.empty()) throw UserError({file}, "this file holds no ratings");
  ratings_.users = users_.size();
  ratings_.items = items_.size();
  ratings_.timed = timed;

  // One pass over each user's rows; `last[item]` is the row of the same user that last had the item.
  constexpr std::uint32_t none = 0xffffffff;
  const Groups<std::uint32_t> groups = rows_by_user(ratings_.rows, ratings_.users);
  std::vector<std::uint32_t> last(ratings_.items, none);
  std::vector<bool> replaced(ratings_.rows.size(), false);
  for (std::uint32_t user = 0; user < ratings_.users; ++user) {
    for (const std::uint32_t row : groups.of(user)) {
      std::uint32_t& previous = last[ratings_.rows[row].item];
      if (previous != none && ratings_.rows[previous].user == user) {
        if (duplicates == Duplicates::error) {
          throw UserError({file, lines_[row]},
                          fmt::format("user {} rated item {} twice: here and in line {}", users_.id(user),
                                      items_.id(ratings_.rows[row].item), lines_[previous]));
        }
        replaced[previous] = true;
        ++ratings_.duplicates;
      }
      previous = row;
    }
  }
  if (ratings_.duplicates > 0) {
    std::size_t kept = 0;
    for (std::size_t r = 0; r < ratings_.rows.size(); ++r) {
      if (!replaced[r]) ratings_.rows[kept++] = ratings_.rows[r];
    }
    ratings_.rows.resize(kept);
  }
  ratings_.user_names = users_.names();
  ratings_.item_names = items_.names();
  return std::move(ratings_);
}

}  // namespace frugal::data
