// What is known of users and items beside their interactions: attributes of one or several categories.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace frugal::data {

/// One attribute of the users or of the items of a data set.
struct Attribute {
  std::string name;                            ///< "age", "genres"
  std::vector<std::string> categories;         ///< the same list for every file of the format
  std::vector<std::vector<std::uint32_t>> of;  ///< [entities] distinct category indices of each; may be empty
};

/// As read: the entities of a file in its order.
struct AttributeTable {
  std::string file;
  std::vector<std::uint32_t> ids;  ///< distinct, as in the file
  std::vector<Attribute> attributes;
};

/// By the indices of a split.
struct SideAttributes {
  std::vector<Attribute> users;
  std::vector<Attribute> items;
};

/// The rows of `table` for these original ids, in their order. Throws UserError naming an id without a row.
std::vector<Attribute> align(const AttributeTable& table, const std::vector<std::string>& names);

/// Number of columns of multi_hot().
int width(const std::vector<Attribute>& attributes);

/// [entities, width] row-major: attribute after attribute, a column a category, 1 where the entity belongs to it.
std::vector<float> multi_hot(const std::vector<Attribute>& attributes);

}  // namespace frugal::data
