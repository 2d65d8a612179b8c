#include "impl/base/params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

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
    case ParamSpec::Type::integer_list:
      break;
  }
  Json list = Json::array();
  for (const Node& item : value.as_list()) list.push_back(read_integer_param(spec, item));
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
      assert(value.is_string());
      return value;
    case ParamSpec::Type::integer_list:
      break;
  }
  assert(value.is_array());
  return value.get<std::vector<std::int64_t>>();
}

Json read_params(std::span<const ParamSpec> specs, const Node& map, std::string_view what) {
  std::vector<std::string> known;
  for (const ParamSpec& spec : specs) known.push_back(spec.name);
  require_keys(map, known, what);
  Json values = Json::object();
  for (const ParamSpec& spec : specs) {
    const Node* const given = map.find(spec.name);
    values[spec.name] = given ? read_param(spec, *given) : default_value_of(spec);
  }
  return values;
}

}  // namespace frugal
