#include "datasets/interactions/attributes.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "impl/base/error.hpp"

namespace frugal::data {

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
