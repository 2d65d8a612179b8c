#include "benchmarks/harness/report/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/template_text.hpp"

namespace frugal::harness {
namespace {

using Settings = std::map<std::string, Json>;

/// By path. What a cell lacks is not in it, and neither is what it has at its default.
Settings given_settings(const Cell& cell, const Settings& defaults) {
  Settings settings = flatten(cell.to_json());
  std::erase_if(settings, [&](const auto& setting) {
    const auto& [path, value] = setting;
    if (!path.starts_with("params.") && !path.starts_with("dataset.")) return true;
    const auto usual = defaults.find(path);
    return usual != defaults.end() && usual->second == value;
  });
  return settings;
}

/// The paths that the key columns show, and those that the caption tells with the data.
std::set<std::string> told_paths(const RowSet& set) {
  std::set<std::string> told{"dataset.name", "dataset.path"};
  for (const KeyColumn& column : set.columns) {
    told.insert(column.key.path);
    for (const RowKey::Choice& choice : column.key.choices) {
      for (std::string& path : template_paths(choice.text).value_or(std::vector<std::string>{}))
        told.insert(std::move(path));
      for (const auto& condition : choice.when) told.insert(condition.first);
    }
  }
  return told;
}

}  // namespace

std::string common_settings(const TableSpec& spec, const RowSet& set, const Vocabulary& vocabulary) {
  std::map<std::string, Settings> defaults;  // by data set
  std::optional<Settings> common;
  for (const RowGroup& row : set.rows)
    for (const CellRecord* record : row.records) {
      const std::string dataset = record->cell.dataset.at("name");
      const auto [usual, is_new] = defaults.try_emplace(dataset);
      if (is_new) usual->second = vocabulary.defaults(dataset);
      Settings given = given_settings(record->cell, usual->second);
      if (!common)
        common = std::move(given);
      else
        std::erase_if(*common, [&](const auto& setting) {
          const auto same = given.find(setting.first);
          return same == given.end() || same->second != setting.second;
        });
    }
  const std::set<std::string> told = told_paths(set);
  std::vector<std::string> words;
  for (const auto& [path, value] : common.value_or(Settings{}))
    if (!told.contains(path) && !path.starts_with("dataset.columns."))
      words.push_back(fmt::format("{} {}", short_path(path, spec.workload), value_text(value)));
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace frugal::harness
