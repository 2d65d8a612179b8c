#include "benchmarks/harness/plan/json_reader.hpp"

namespace frugal::harness {

Json parse_json(std::string_view text, const Place& place) {
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    throw UserError(place, "is not valid JSON");
  }
}

JsonReader::JsonReader(const Json& object, const Place& place, std::string what)
    : object_(object), place_(place), what_(std::move(what)) {
  if (!object.is_object()) fail("is not an object");
}

const Json& JsonReader::at(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) fail(std::string("has no key '") + key + "'");
  return *found;
}

const Json& JsonReader::object(const char* key) const { return typed(key, at(key).is_object(), "an object"); }

const Json& JsonReader::list(const char* key) const { return typed(key, at(key).is_array(), "a list"); }

std::string JsonReader::string(const char* key) const {
  return typed(key, at(key).is_string(), "a string").get<std::string>();
}

double JsonReader::number(const char* key) const { return typed(key, at(key).is_number(), "a number").get<double>(); }

bool JsonReader::boolean(const char* key) const { return typed(key, at(key).is_boolean(), "a boolean").get<bool>(); }

std::uint64_t JsonReader::natural(const char* key) const {
  // A number that was parsed is unsigned when it can be; one that a program put there may be signed.
  const Json& value = at(key);
  const bool right = value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
  return typed(key, right, "an integer from 0").get<std::uint64_t>();
}

void JsonReader::require_schema(int expected) const {
  const std::uint64_t found = natural("schema");
  if (found != static_cast<std::uint64_t>(expected))
    fail("has schema " + std::to_string(found) + ", but this program reads schema " + std::to_string(expected));
}

void JsonReader::fail(const std::string& message) const { throw UserError(place_, what_ + " " + message); }

const Json& JsonReader::typed(const char* key, bool right, const char* expected) const {
  if (!right) fail(std::string("key '") + key + "' is not " + expected + ": " + at(key).dump());
  return at(key);
}

}  // namespace frugal::harness
