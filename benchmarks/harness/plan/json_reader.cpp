#include "benchmarks/harness/plan/json_reader.hpp"

#include <algorithm>
#include <cctype>

namespace frugal::harness {

namespace {

bool is_of_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '-'; }

/// What other programs write for numbers that JSON cannot hold.
bool is_no_finite_number(std::string_view word) {
  std::string lower(word.substr(word.starts_with('-') ? 1 : 0));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower == "nan" || lower == "inf" || lower == "infinity";
}

/// Where the parser stopped: in a word at its begin.
[[noreturn]] void refuse_json(std::string_view text, std::size_t stop, Place place) {
  std::size_t at = std::min(stop, text.size());
  while (at > 0 && at < text.size() && is_of_word(text[at]) && is_of_word(text[at - 1])) --at;
  std::size_t end = at;
  while (end < text.size() && is_of_word(text[end])) ++end;
  const std::string_view word = text.substr(at, end - at);
  const std::string_view before = text.substr(0, at);
  place.line = std::max(place.line, 1) + static_cast<int>(std::ranges::count(before, '\n'));
  place.column = static_cast<int>(at - (before.rfind('\n') + 1)) + 1;  // npos + 1 is 0
  throw UserError(place, "is not valid JSON" + (is_no_finite_number(word) ? ": it has no " + std::string(word) : ""));
}

}  // namespace

Json parse_json(std::string_view text, const Place& place) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    refuse_json(text, error.byte > 0 ? error.byte - 1 : 0, place);
  } catch (const Json::out_of_range&) {
    throw UserError(place, "is not valid JSON: it has a number that is too large");
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
