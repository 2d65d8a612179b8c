#include "impl/base/params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <utility>

#include "impl/base/suggestion.hpp"

namespace frugal {
namespace {

void require_range(const ParamSpec& spec, double value, const Node& node) {
  if (value >= spec.min && value <= spec.max) return;
  std::string allowed;
  if (std::isinf(spec.max)) {
    allowed = fmt::format("at least {}", spec.min);
  } else if (std::isinf(spec.min)) {
    allowed = fmt::format("at most {}", spec.max);
  } else {
    allowed = fmt::format("from {} to {}", spec.min, spec.max);
  }
  throw UserError(node.place, fmt::format("{} must be {}, but this is {}", spec.name, allowed, node.text));
}

std::int64_t read_integer_param(const ParamSpec& spec, const Node& node) {
  const std::int64_t value = node.as_integer();
  require_range(spec, static_cast<double>(value), node);
  return value;
}

void require_choice(const ParamSpec& spec, const Node& node) {
  if (spec.choices.empty() || std::ranges::find(spec.choices, node.as_string()) != spec.choices.end()) return;
  throw UserError(node.place, unknown_word(spec.name, node.text, spec.choices));
}

/// A column's name or number, as it is written.
std::string column_text(const Node& node) { return node.kind == Node::Kind::integer ? node.text : node.as_string(); }

struct Leaf {
  Place key_place;
  const Node* value;
};
using Leaves = std::map<std::string, Leaf>;

/// The values of nested maps by their dotted names; a map is opened where a known name goes on below it.
void add_leaves(const Node& map, const std::string& above, std::span<const std::string> known, Leaves& leaves) {
  for (const Node::Entry& entry : map.as_map()) {
    const std::string name = above + entry.key;
    const bool group = std::ranges::any_of(known, [&](const std::string& one) { return one.starts_with(name + "."); });
    if (group && entry.value.kind == Node::Kind::map)
      add_leaves(entry.value, name + ".", known, leaves);
    else
      leaves.insert_or_assign(name, Leaf{entry.key_place, &entry.value});
  }
}

Leaves leaves_of(const Node& map, std::span<const std::string> known) {
  Leaves leaves;
  add_leaves(map, "", known, leaves);
  return leaves;
}

}  // namespace

Json read_param(const ParamSpec& spec, const Node& value) {
  switch (spec.type) {
    case ParamSpec::Type::boolean:
      return value.as_boolean();
    case ParamSpec::Type::integer:
      return read_integer_param(spec, value);
    case ParamSpec::Type::real:
      require_range(spec, value.as_real(), value);
      return value.as_real() + 0.0;  // -0.0 is written like 0.0
    case ParamSpec::Type::string:
      require_choice(spec, value);
      return value.as_string();
    case ParamSpec::Type::column:
      return column_text(value);
    case ParamSpec::Type::integer_list:
    case ParamSpec::Type::column_list:
      break;
  }
  Json list = Json::array();
  for (const Node& item : value.as_list()) {
    if (spec.type == ParamSpec::Type::integer_list)
      list.push_back(read_integer_param(spec, item));
    else
      list.push_back(column_text(item));
  }
  return list;
}

Json default_value_of(const ParamSpec& spec) {
  const Json& value = spec.default_value;
  switch (spec.type) {
    case ParamSpec::Type::boolean:
      assert(value.is_boolean());
      return value;
    case ParamSpec::Type::integer:
      assert(value.is_number_integer());
      return value.get<std::int64_t>();
    case ParamSpec::Type::real:
      assert(value.is_number());
      return value.get<double>();
    case ParamSpec::Type::string:
    case ParamSpec::Type::column:
      assert(value.is_string());
      return value;
    case ParamSpec::Type::integer_list:
      assert(value.is_array());
      return value.get<std::vector<std::int64_t>>();
    case ParamSpec::Type::column_list:
      break;
  }
  assert(value.is_array());
  return value;
}

void set_dotted(Json& root, std::string_view name, Json value) {
  Json* at = &root;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    at = &(*at)[std::string(name.substr(0, dot))];
    name.remove_prefix(dot + 1);
  }
  (*at)[std::string(name)] = std::move(value);
}

Json read_params(std::span<const ParamSpec> specs, const Node& map, std::string_view what) {
  std::vector<std::string> known;
  for (const ParamSpec& spec : specs) known.push_back(spec.name);
  const Leaves given = leaves_of(map, known);
  for (const auto& [name, leaf] : given)
    if (std::ranges::find(known, name) == known.end()) throw UserError(leaf.key_place, unknown_word(what, name, known));
  Json values = Json::object();
  for (const ParamSpec& spec : specs) {
    const auto leaf = given.find(spec.name);
    if (leaf == given.end() && spec.default_value.is_null())
      throw UserError(map.place, fmt::format("{} must be given: {}", spec.name, spec.help));
    set_dotted(values, spec.name, leaf == given.end() ? default_value_of(spec) : read_param(spec, *leaf->second.value));
  }
  return values;
}

Json read_params(std::span<const ParamSpec> specs, const Json& map, std::string_view what, std::string_view owner) {
  Node given;
  given.kind = Node::Kind::map;
  for (const auto& [key, value] : map.items()) {
    Node::Entry& written = given.entries.emplace_back();
    written.key = key;
    written.value = to_node(value, {fmt::format("{} of {}", key, owner)});
  }
  return read_params(specs, given, what);
}

}  // namespace frugal
