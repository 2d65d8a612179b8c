#include "benchmarks/harness/run/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

/// Splits at commas that are not inside brackets or quotes.
std::vector<std::string> split_pairs(const std::string& expression) {
  std::vector<std::string> pairs(1);
  int depth = 0;
  char quote = 0;
  for (const char c : expression) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      pairs.emplace_back();
      continue;
    }
    pairs.back() += c;
  }
  return pairs;
}

std::pair<std::string, Json> parse_pair(const std::string& pair) {
  const std::size_t equals = pair.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == pair.size())
    throw UserError(fmt::format("--only '{}': write path=value, for example backend=cpu,seed=1", pair));
  std::string path = pair.substr(0, equals);
  if (path == "dataset") path = "dataset.name";
  const std::vector<Node> documents = parse_yaml(pair.substr(equals + 1), "--only " + path);
  if (documents.size() != 1) throw UserError(fmt::format("--only '{}': the value is not one YAML value", pair));
  return {path, to_json(documents.front())};
}

}  // namespace

std::vector<std::string> varying_paths(const std::vector<const Cell*>& cells) {
  std::vector<Json> texts;
  for (const Cell* cell : cells) texts.push_back(cell->to_json());
  std::vector<const Json*> all;
  for (const Json& text : texts) all.push_back(&text);
  return varying_paths(all);
}

std::string plain_value(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::vector<PlannedCell> planned_cells(const PlanFile& file) {
  std::vector<PlannedCell> planned;
  std::set<std::string> ids;
  for (const Plan& plan : file.plans) {
    std::vector<const Cell*> cells;
    for (const Cell& cell : plan.cells) cells.push_back(&cell);
    const std::vector<std::string> varying = varying_paths(cells);
    for (const Cell* cell : cells) {
      PlannedCell one{&plan, cell, cell->id(), cell->to_json(), ""};
      if (!ids.insert(one.id).second) continue;
      for (const std::string& path : varying) {
        if (path == "workload" || path == "backend") continue;  // always shown, apart
        const Json* value = cell_value(one.json, path);
        if (value == nullptr) continue;
        one.label +=
            fmt::format("{}{}={}", one.label.empty() ? "" : " ", short_path(path, cell->workload), plain_value(*value));
      }
      planned.push_back(std::move(one));
    }
  }
  return planned;
}

std::vector<PlannedCell> only(std::vector<PlannedCell> cells, const std::string& expression) {
  std::vector<std::pair<std::string, Json>> where;
  for (const std::string& pair : split_pairs(expression)) where.push_back(parse_pair(pair));
  std::vector<const Json*> all;
  for (const PlannedCell& cell : cells) all.push_back(&cell.json);
  const std::vector<std::string> known = known_paths(all);
  for (const auto& [path, value] : where)
    if (std::find(known.begin(), known.end(), path) == known.end())
      throw UserError("--only: " + unknown_word("path", path, known));
  std::erase_if(cells, [&](const PlannedCell& cell) { return !matches(cell.json, where); });
  if (cells.empty())
    throw UserError(fmt::format("--only '{}' matches no cell of the plan; `frugal plan` shows its cells", expression));
  return cells;
}

std::vector<PlannedCell> shard(const std::vector<PlannedCell>& cells, const std::string& which) {
  const auto number = [](std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
  };
  const std::size_t slash = which.find('/');
  const std::size_t index = slash == std::string::npos ? 0 : number(std::string_view(which).substr(0, slash));
  const std::size_t count = slash == std::string::npos ? 0 : number(std::string_view(which).substr(slash + 1));
  if (index < 1 || index > count)
    throw UserError(fmt::format("--shard '{}': write I/N with 1 <= I <= N, for example 1/4", which));
  std::vector<PlannedCell> part;
  for (std::size_t i = index - 1; i < cells.size(); i += count) part.push_back(cells[i]);
  return part;
}

}  // namespace frugal::harness
