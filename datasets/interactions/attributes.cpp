#include "datasets/interactions/attributes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "datasets/catalog/catalog.hpp"
#include "datasets/formats/readers.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

const Manifest* attributes_manifest(const Json& dataset) {
  const Manifest* const manifest = find_manifest(dataset.at("name").get<std::string>());
  return manifest && !manifest->attributes.empty() ? find_manifest(manifest->attributes) : nullptr;
}

SideAttributes load_attributes(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs,
                               const Population& population) {
  const Manifest* const manifest = attributes_manifest(dataset);
  if (!manifest)
    throw UserError(fmt::format("nothing is known of the users and items of {}", dataset.at("name").dump()));
  const auto files = locate_all(*manifest, data_dirs);
  const bool small = manifest->reader == "ml-100k-attributes";
  const AttributeTable users = small ? read_movielens_100k_users(files.at(0)) : read_movielens_users(files.at(0));
  const AttributeTable items = small ? read_movielens_100k_items(files.at(1)) : read_movielens_movies(files.at(1));
  if (files.size() <= 2) return {align(users, population.user_names), align(items, population.item_names)};
  // Interactions whose files have dense indices come with a list of the items' original ids; their user k is user k
  // + 1.
  std::vector<std::string> user_names;
  for (std::uint32_t k = 1; k <= population.users; ++k) user_names.push_back(std::to_string(k));
  return {align(users, user_names), align(items, read_item_ids(files.at(2), population.items))};
}

std::vector<Attribute> align(const AttributeTable& table, const std::vector<std::string>& names) {
  std::unordered_map<std::string, std::size_t> row_of;
  for (std::size_t row = 0; row < table.ids.size(); ++row) row_of.emplace(std::to_string(table.ids[row]), row);
  std::vector<std::size_t> rows;
  for (const std::string& name : names) {
    const auto found = row_of.find(name);
    if (found == row_of.end()) throw UserError({table.file}, fmt::format("no line describes id {}", name));
    rows.push_back(found->second);
  }
  std::vector<Attribute> aligned;
  for (const Attribute& attribute : table.attributes) {
    Attribute& result = aligned.emplace_back(Attribute{attribute.name, attribute.categories, {}});
    for (const std::size_t row : rows) result.of.push_back(attribute.of[row]);
  }
  return aligned;
}

int width(const std::vector<Attribute>& attributes) {
  std::size_t columns = 0;
  for (const Attribute& attribute : attributes) columns += attribute.categories.size();
  return static_cast<int>(columns);
}

std::vector<float> multi_hot(const std::vector<Attribute>& attributes) {
  const auto columns = static_cast<std::size_t>(width(attributes));
  const std::size_t entities = attributes.empty() ? 0 : attributes.front().of.size();
  std::vector<float> values(entities * columns, 0.0F);
  std::size_t first = 0;
  for (const Attribute& attribute : attributes) {
    for (std::size_t entity = 0; entity < entities; ++entity)
      for (const std::uint32_t category : attribute.of[entity]) values[entity * columns + first + category] = 1;
    first += attribute.categories.size();
  }
  return values;
}

}  // namespace frugal::data
