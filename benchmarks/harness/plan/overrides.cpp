#include "benchmarks/harness/plan/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

/// Beside these, the paths of the cells' values: backend, dataset, params.
constexpr std::string_view document_paths[] = {
    "seeds",          "determinism",         "measure.warmup",        "measure.repeats",
    "measure.limits", "measure.max_repeats", "measure.target_rel_ci", "measure.min_time_s",
    "measure.order",  "measure.pin",         "limits.timeout_s",      "limits.memory_gib",
    "limits.threads", "limits.ranks",        "limits.checkpoint_s",   "export"};

bool is_document_path(std::string_view path) {
  return std::ranges::find(document_paths, path) != std::end(document_paths);
}

/// A value from the command line has no line and column.
void move_to(Node& node, const Place& place) {
  node.place = place;
  for (Node& item : node.items) move_to(item, place);
  for (Node::Entry& entry : node.entries) {
    entry.key_place = place;
    move_to(entry.value, place);
  }
}

std::vector<std::string> all_paths(std::span<const Vocabulary> vocabularies) {
  std::vector<std::string> paths(std::begin(document_paths), std::end(document_paths));
  for (const Vocabulary& vocabulary : vocabularies) {
    for (const std::string& path : vocabulary.paths()) {
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
    }
  }
  return paths;
}

/// The entry `key` of a map, made when it is missing.
Node& member(Node& map, std::string_view key, const Place& place) {
  const auto found = std::ranges::find(map.entries, key, &Node::Entry::key);
  if (found != map.entries.end()) return found->value;
  map.entries.push_back({std::string(key), place, {}});
  map.entries.back().value.place = place;
  return map.entries.back().value;
}

/// The list of the axis over `path` in a map of axes; null when there is none.
Node* axis_in(Node& axes, const std::string& path) {
  if (axes.kind != Node::Kind::map) return nullptr;
  const auto found = std::ranges::find(axes.entries, path, &Node::Entry::key);
  return found == axes.entries.end() ? nullptr : &found->value;
}

Node* axis_of(Node& document, const std::string& path) {
  for (Node::Entry& entry : document.entries) {
    if (entry.key == "matrix") {
      if (Node* axis = axis_in(entry.value, path)) return axis;
    } else if (entry.key == "zip") {
      for (Node& group : entry.value.items)
        if (Node* axis = axis_in(group, path)) return axis;
    }
  }
  return nullptr;
}

/// Does an included point, or the space of a search, give the path a value of its own?
bool is_set_by_points(Node& document, const std::string& path) {
  for (Node::Entry& entry : document.entries) {
    if (entry.key == "include") {
      for (Node& point : entry.value.items)
        if (axis_in(point, path) != nullptr) return true;
    } else if (entry.key == "search") {
      for (Node::Entry& part : entry.value.entries)
        if (part.key == "space" && axis_in(part.value, path) != nullptr) return true;
    }
  }
  return false;
}

/// A list of values for an axis, and not one value that is a list itself.
bool is_axis_list(const Node& axis, const Node& value) {
  const auto is_list = [](const Node& node) { return node.kind == Node::Kind::list; };
  if (!is_list(value) || !is_list(axis)) return false;
  return std::ranges::none_of(axis.items, is_list) || std::ranges::all_of(value.items, is_list);
}

}  // namespace

Override read_assignment(const std::string& option, const std::string& text, const std::string& example) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw UserError(fmt::format("--{} '{}': write path=value, for example {}", option, text, example));
  return {text.substr(0, equals), text.substr(equals + 1), option};
}

Node read_assigned(const Override& assignment, const Place& place) {
  if (assignment.value.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw UserError(place, "there is no value after the '=': write path=value");
  }
  // A whole value that YAML takes for a comment: nobody gives one here.
  const bool is_comment = assignment.value.starts_with('#');
  std::vector<Node> values = parse_yaml(is_comment ? Json(assignment.value).dump() : assignment.value, place.file);
  if (values.size() != 1) throw UserError(place, "expected one value, but this is several documents");
  move_to(values[0], place);
  return std::move(values[0]);
}

std::vector<OverrideValue> read_overrides(const std::vector<Override>& overrides,
                                          std::span<const Vocabulary> vocabularies) {
  std::vector<OverrideValue> values;
  for (const Override& override : overrides) {
    const Place place{fmt::format("--{} {}={}", override.option, override.path, override.value)};
    const auto known = [&](const Vocabulary& vocabulary) { return vocabulary.settable(override.path); };
    if (!is_document_path(override.path) && std::ranges::none_of(vocabularies, known)) {
      throw UserError(place, unknown_word("path", override.path, all_paths(vocabularies)));
    }
    values.push_back({override.path, place, read_assigned(override, place)});
  }
  return values;
}

std::vector<OverrideValue> override_document(Node& document, const std::vector<OverrideValue>& values) {
  std::vector<OverrideValue> others;
  for (const OverrideValue& value : values) {
    Node* axis = axis_of(document, value.path);
    if (!is_document_path(value.path) || axis != nullptr || is_set_by_points(document, value.path)) {
      if (axis == nullptr || !is_axis_list(*axis, value.value)) {
        others.push_back(value);
        continue;
      }
      *axis = value.value;
      std::erase_if(others, [&](const OverrideValue& earlier) { return earlier.path == value.path; });
      continue;
    }
    const std::size_t dot = value.path.find('.');
    Node& key = member(document, value.path.substr(0, dot), value.place);
    if (dot == std::string::npos) {
      key = value.value;
      continue;
    }
    if (key.kind == Node::Kind::null) key.kind = Node::Kind::map;
    member(key, value.path.substr(dot + 1), value.place) = value.value;
  }
  return others;
}

std::vector<Layer> override_layers(const Vocabulary& vocabulary, const std::vector<OverrideValue>& values) {
  std::vector<Layer> layers;
  for (const OverrideValue& value : values) {
    if (!vocabulary.settable(value.path)) continue;
    Layer layer;
    add_settings(layer, vocabulary, value.path, value.place, value.value);
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace frugal::harness
