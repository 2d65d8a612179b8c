#include "benchmarks/harness/plan/cell_paths.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

void flatten_into(const Json& value, const std::string& path, std::map<std::string, Json>& leaves) {
  if (!value.is_object()) {
    leaves.emplace(path, value);
    return;
  }
  for (const auto& [key, child] : value.items())
    flatten_into(child, path.empty() ? key : fmt::format("{}.{}", path, key), leaves);
}

}  // namespace

std::string value_text(const Json& value, std::string_view between) {
  if (value.is_null()) return "-";
  if (value.is_string()) return without_controls(value.get<std::string>());
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return value.dump();
  if (value.empty()) return "none";
  std::vector<std::string> items;
  for (const Json& item : value) items.push_back(value_text(item, between));
  return fmt::format("{}", fmt::join(items, between));
}

std::map<std::string, Json> flatten(const Json& cell) {
  std::map<std::string, Json> leaves;
  for (const auto& [key, child] : cell.items()) flatten_into(child, key == "execution" ? "" : key, leaves);
  return leaves;
}

std::vector<std::string> known_paths(std::span<const Json* const> cells) {
  std::set<std::string> paths;
  for (const Json* cell : cells) {
    for (const auto& [path, value] : flatten(*cell)) paths.insert(path);
  }
  return {paths.begin(), paths.end()};
}

std::vector<std::string> varying_paths(std::span<const Json* const> cells) {
  std::map<std::string, std::pair<Json, std::size_t>> first;  // value, and the number of cells that have it
  for (const Json* cell : cells) {
    for (const auto& [path, value] : flatten(*cell)) {
      auto& known = first.try_emplace(path, value, 0).first->second;
      if (known.first == value) ++known.second;
    }
  }
  std::vector<std::string> varying;
  for (const auto& [path, known] : first) {
    if (known.second != cells.size()) varying.push_back(path);
  }
  return varying;
}

bool matches(const Json& cell, std::span<const std::pair<std::string, Json>> where) {
  return std::ranges::all_of(where, [&](const auto& condition) {
    const Json* value = cell_value(cell, condition.first);
    return value != nullptr && *value == condition.second;
  });
}

std::string short_path(std::string_view path, std::string_view workload) {
  if (path == "dataset.name") return "dataset";
  for (const std::string& goes_without_saying :
       {fmt::format("params.{}.", workload), std::string("limits."), std::string("measure.")})
    if (path.starts_with(goes_without_saying)) path.remove_prefix(goes_without_saying.size());
  return std::string(path);
}

}  // namespace frugal::harness
