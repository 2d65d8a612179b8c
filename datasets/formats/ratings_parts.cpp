#include "datasets/formats/ratings_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "datasets/formats/id_map.hpp"
#include "datasets/formats/ratings_builder.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

namespace frugal::data {
namespace {

/// The ids of all parts in their order, by their places in the names of each part: places[part][index].
struct CommonIds {
  std::vector<std::string> names;
  std::vector<std::vector<std::uint32_t>> places;
};

CommonIds common_ids(std::span<const Ratings> parts, std::vector<std::string> Population::*names) {
  CommonIds common;
  IdMap ids;
  for (const Ratings& part : parts) {
    std::vector<std::uint32_t>& own = common.places.emplace_back();
    for (const std::string& name : part.*names) own.push_back(ids.index(name));
  }
  const std::vector<std::uint32_t> rank = ids.sort();
  for (std::vector<std::uint32_t>& own : common.places)
    for (std::uint32_t& place : own) place = rank[place];
  common.names = ids.names();
  return common;
}

void require_no_pair_twice(std::span<const Ratings> parts, std::span<const std::filesystem::path> paths) {
  using Row = std::tuple<std::uint32_t, std::uint32_t, std::size_t, int>;  // user, item, part, line
  std::vector<Row> rows;
  for (std::size_t part = 0; part < parts.size(); ++part)
    for (const Rating& row : parts[part].rows) rows.emplace_back(row.user, row.item, part, row.line);
  std::ranges::sort(rows);
  for (std::size_t k = 1; k < rows.size(); ++k) {
    const auto& [user, item, part, line] = rows[k];
    const auto& [other_user, other_item, other_part, other_line] = rows[k - 1];
    if (user != other_user || item != other_item) continue;
    throw UserError({paths[part].string(), line},
                    fmt::format("user {} and item {} are in line {} of {} too: what is tested must not be trained on",
                                shown(parts[part].user_names[user]), shown(parts[part].item_names[item]), other_line,
                                paths[other_part].string()));
  }
}

/// Makes the times of all parts count one unit, though only some files have fractions.
void unite_times(std::span<Ratings> parts, std::span<const std::filesystem::path> paths) {
  if (std::ranges::none_of(parts, &Ratings::fine_times)) return;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (parts[part].fine_times) continue;
    if (!to_millionths(parts[part].rows))
      throw UserError({paths[part].string()}, "a time too large for the fractions that those of another part have");
    parts[part].fine_times = true;
  }
}

}  // namespace

std::vector<Ratings> read_ratings_parts(std::span<const std::filesystem::path> paths, const RatingsForm& form) {
  std::vector<Ratings> parts;
  for (const std::filesystem::path& path : paths) parts.push_back(read_ratings(path, form));
  const CommonIds users = common_ids(parts, &Population::user_names);
  const CommonIds items = common_ids(parts, &Population::item_names);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    for (Rating& row : parts[part].rows) {
      row.user = users.places[part][row.user];
      row.item = items.places[part][row.item];
    }
    parts[part].users = static_cast<std::uint32_t>(users.names.size());
    parts[part].items = static_cast<std::uint32_t>(items.names.size());
    parts[part].user_names = users.names;
    parts[part].item_names = items.names;
  }
  require_no_pair_twice(parts, paths);
  unite_times(parts, paths);
  return parts;
}

}  // namespace frugal::data
