// Strict YAML: every value knows its place, every key must be known, nothing is guessed. Plans, table specs and data
// manifests are all read through this one door.
//
// Scalars follow the YAML 1.2 core schema: only unquoted true/false are booleans, `010` is the integer 10, `yes` is a
// string. Duplicate keys, anchors, aliases, tags and merge keys (`<<`) are errors.
#pragma once
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impl/base/error.hpp"

namespace frugal {

using Json = nlohmann::json;

/// One value of a document.
struct Node {
  enum class Kind { null, boolean, integer, real, string, list, map };
  struct Entry;

  Kind kind = Kind::null;
  Place place;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;             ///< also set for integers
  std::string text;            ///< the scalar as written (unquoted)
  std::vector<Node> items;     ///< of a list
  std::vector<Entry> entries;  ///< of a map, in file order

  /// The value under `key` of a map, or null.
  const Node* find(std::string_view key) const;

  // Typed access; each throws UserError with the place and what was expected.
  bool as_boolean() const;
  std::int64_t as_integer() const;
  double as_real() const;
  const std::string& as_string() const;
  const std::vector<Node>& as_list() const;
  const std::vector<Entry>& as_map() const;
};

struct Node::Entry {
  std::string key;
  Place key_place;
  Node value;
};

/// All documents of a YAML stream ("---" separates them). `file` is used in error messages only.
/// Throws UserError at file:line:column.
std::vector<Node> parse_yaml(std::string_view text, const std::string& file);

/// Reads and parses a file. Throws UserError when it cannot be read.
std::vector<Node> load_yaml(const std::filesystem::path& path);

/// The value without its places.
Json to_json(const Node& node);

/// A value that stands in no document; it and all in it are said to be at `place`.
Node to_node(const Json& json, const Place& place);

/// Throws UserError at the first key of `map` that is not in `known`, with the nearest known key as a suggestion.
void require_keys(const Node& map, std::span<const std::string> known, std::string_view what);
void require_keys(const Node& map, std::initializer_list<std::string_view> known, std::string_view what);

}  // namespace frugal
