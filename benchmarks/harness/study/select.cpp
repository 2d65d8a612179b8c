#include "benchmarks/harness/study/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/plan/overrides.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

/// Splits at commas that are not inside brackets or quotes, which begin a value in YAML and mean nothing later in one.
std::vector<std::string> split_pairs(const std::string& expression) {
  std::vector<std::string> pairs(1);
  int depth = 0;
  char quote = 0;
  bool value_begins = false;
  bool escaped = false;  // by a backslash, which double quotes alone know
  for (const char c : expression) {
    const bool begins = value_begins;
    value_begins = c == ' ' ? begins : c == '=' || c == ':' || c == '[' || c == '{' || c == ',';
    if (quote != 0) {
      if (c == quote && !escaped) quote = 0;
      escaped = quote == '"' && c == '\\' && !escaped;
    } else if (begins && (c == '"' || c == '\'')) {
      quote = c;
    } else if ((begins || depth > 0) && (c == '[' || c == '{')) {
      ++depth;
    } else if (depth > 0 && (c == ']' || c == '}')) {
      --depth;
    } else if (c == ',' && depth == 0) {
      pairs.emplace_back();
      continue;
    }
    pairs.back() += c;
  }
  return pairs;
}

std::pair<std::string, Json> parse_pair(const std::string& option, const std::string& pair) {
  const Override assignment = read_assignment(option, pair, "backend=cpu,seed=1");
  return {assignment.path == "dataset" ? "dataset.name" : assignment.path,
          to_json(read_assigned(assignment, {fmt::format("--{} {}", option, pair)}))};
}

}  // namespace

std::vector<std::pair<std::string, Json>> read_where(const std::string& option, const std::string& expression,
                                                     std::span<const Json* const> cells) {
  std::vector<std::pair<std::string, Json>> where;
  for (const std::string& pair : split_pairs(expression)) where.push_back(parse_pair(option, pair));
  const std::vector<std::string> known = known_paths(cells);
  for (const auto& [path, value] : where)
    if (std::find(known.begin(), known.end(), path) == known.end())
      throw UserError(fmt::format("--{}: {}", option, unknown_word("path", path, known)));
  return where;
}

std::vector<PlannedCell> only(std::vector<PlannedCell> cells, const std::string& expression) {
  std::vector<const Json*> all;
  all.reserve(cells.size());
  for (const PlannedCell& cell : cells) all.push_back(&cell.json);
  const std::vector<std::pair<std::string, Json>> where = read_where("only", expression, all);
  std::erase_if(cells, [&](const PlannedCell& cell) { return !matches(cell.json, where); });
  if (cells.empty())
    throw UserError(fmt::format("--only '{}' matches no cell of the plan; `frugal plan` shows its cells", expression));
  return cells;
}

}  // namespace frugal::harness
