// Dotted paths into a cell's JSON: "backend", "dataset.name", "params.inr.width". Lists are leaves.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// "cpu", "64", "0.1", "64-32" for a list, "-" for null: a value as people read it. `between` the items of a list.
std::string value_text(const Json& value, std::string_view between = "-");

/// Every leaf by its path, as a plan writes it: "params.inr.width" -> 64, "limits.threads" -> 2.
std::map<std::string, Json> flatten(const Json& cell);

/// The paths that any of the cells has, sorted.
std::vector<std::string> known_paths(std::span<const Json* const> cells);

/// Paths on which the cells do not all agree (also: that only some of them have), sorted.
std::vector<std::string> varying_paths(std::span<const Json* const> cells);

/// Does the cell have all these values?
bool matches(const Json& cell, std::span<const std::pair<std::string, Json>> where);

/// The name without the part that goes without saying: "params.inr.width" -> "width", "dataset.name" -> "dataset",
/// "limits.threads" -> "threads".
std::string short_path(std::string_view path, std::string_view workload);

}  // namespace frugal::harness
