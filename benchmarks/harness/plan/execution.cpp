#include "benchmarks/harness/plan/execution.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::harness {
namespace {

const Json* value_of(const Cell& cell, std::string_view path) {
  const std::size_t dot = path.find('.');
  const auto group = cell.execution.find(std::string(path.substr(0, dot)));
  if (group == cell.execution.end()) return nullptr;
  const auto found = group->find(std::string(path.substr(dot + 1)));
  return found == group->end() ? nullptr : &*found;
}

}  // namespace

bool is_execution_path(std::string_view path) {
  return std::ranges::find(execution_paths, path) != std::end(execution_paths);
}

Json read_execution(std::string_view path, const Node& value) {
  if (path == "limits.threads") return read_threads(value, 1);
  if (path == "limits.ranks") return read_ranks(value);
  if (path == "measure.pin") return value.as_boolean();
  return to_word(chosen_isa_names, from_word(chosen_isa_names, "instruction set", value.as_string(), value.place));
}

Limits limits_of(const Cell& cell, Limits of_plan) {
  if (const Json* threads = value_of(cell, "limits.threads")) of_plan.threads = threads->get<int>();
  if (const Json* ranks = value_of(cell, "limits.ranks")) of_plan.ranks = ranks->get<int>();
  if (const Json* isa = value_of(cell, "limits.isa")) of_plan.isa = isa->get<std::string>();
  return of_plan;
}

Measure measure_of(const Cell& cell, Measure of_plan) {
  if (const Json* pin = value_of(cell, "measure.pin")) of_plan.pin = pin->get<bool>();
  return of_plan;
}

int read_threads(const Node& node, int least) {
  if (node.as_integer() < least || node.integer > max_threads) {
    throw UserError(node.place,
                    fmt::format("threads must be from {} to {}, more than any machine here has, but this is {}",
                                least == 0 ? "0 (all cores)" : std::to_string(least), max_threads, node.text));
  }
  return static_cast<int>(node.integer);
}

int read_ranks(const Node& node) {
  if (node.as_integer() < 1 || node.integer > max_ranks)
    throw UserError(node.place, fmt::format("ranks must be from 1 to {}, but this is {}", max_ranks, node.text));
  return static_cast<int>(node.integer);
}

}  // namespace frugal::harness
