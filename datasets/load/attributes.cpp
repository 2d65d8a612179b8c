#include "datasets/load/attributes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/catalog/locate.hpp"
#include "datasets/formats/movielens_attributes.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

const Manifest* attributes_manifest(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs) {
  const Manifest* const manifest = find_manifest(dataset.at("name").get<std::string>(), data_dirs);
  return manifest && !manifest->attributes.empty() ? find_manifest(manifest->attributes, data_dirs) : nullptr;
}

SideAttributes load_attributes(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs,
                               const Population& population) {
  const Manifest* const manifest = attributes_manifest(dataset, data_dirs);
  if (!manifest)
    throw UserError(fmt::format("nothing is known of the users and items of {}", dataset.at("name").dump()));
  const auto files = locate_all(*manifest, data_dirs);
  const bool small = manifest->reader == Reader::ml_100k_attributes;
  const AttributeTable users = small ? read_movielens_100k_users(files.at(0)) : read_movielens_users(files.at(0));
  const AttributeTable items = small ? read_movielens_100k_items(files.at(1)) : read_movielens_movies(files.at(1));
  if (files.size() <= 2) return {align(users, population.user_names), align(items, population.item_names)};
  // Interactions whose files have dense indices come with a list of the items' original ids; their user k is user k
  // + 1.
  std::vector<std::string> user_names;
  for (std::uint32_t k = 1; k <= population.users; ++k) user_names.push_back(std::to_string(k));
  return {align(users, user_names), align(items, read_item_ids(files.at(2), population.items))};
}

}  // namespace frugal::data
