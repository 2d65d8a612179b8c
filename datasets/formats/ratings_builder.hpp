// From rows with a file's own ids to Ratings with dense ids and distinct pairs. Nothing in the result depends on the
// order of the file's lines.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// Gives original ids dense indices, in order of first appearance until sort().
class IdMap {
 public:
  std::uint32_t index(std::uint32_t id) {
    if (id >= direct_limit) return far_index(id);
    if (id >= near_.size()) near_.resize(std::size_t{id} + id / 2 + 1, absent);
    std::uint32_t& slot = near_[id];
    if (slot == absent) slot = add(id);
    return slot;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }
  std::uint32_t id(std::uint32_t index) const { return ids_[index]; }

  /// What sorts the ids: rank[index]. The map then counts by it.
  std::vector<std::uint32_t> sort();
  std::vector<std::string> names() const;

 private:
  static constexpr std::uint32_t absent = 0xffffffff;
  static constexpr std::uint32_t direct_limit = 1U << 20;  ///< a table for common ids, a hash map for stray huge ones

  std::uint32_t add(std::uint32_t id) {
    ids_.push_back(id);
    return static_cast<std::uint32_t>(ids_.size() - 1);
  }
  std::uint32_t far_index(std::uint32_t id);

  std::vector<std::uint32_t> near_;
  std::unordered_map<std::uint32_t, std::uint32_t> far_;
  std::vector<std::uint32_t> ids_;
};

/// merge: of several ratings of one pair the latest counts; of several of one time, or without times, the highest.
enum class Duplicates { error, merge };

class RatingsBuilder {
 public:
  void add(std::uint32_t user, std::uint32_t item, double value, std::int64_t time, int line) {
    rows_.push_back({{users_.index(user), items_.index(item), static_cast<float>(value), time}, line});
  }

  /// Rows by user and item. Throws UserError when there is none, or a pair comes twice and duplicates are errors.
  Ratings finish(const std::string& file, bool timed, Duplicates duplicates);

 private:
  struct Row {
    Rating rating;
    int line;
  };
  std::vector<Row> rows_;
  IdMap users_;
  IdMap items_;
};

}  // namespace frugal::data
