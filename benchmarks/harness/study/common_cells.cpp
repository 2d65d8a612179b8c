#include "benchmarks/harness/study/common_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"

namespace frugal::harness {
namespace {

/// Values by path, each once, in the order of the records.
std::map<std::string, std::vector<std::string>> values_of(std::span<const CellRecord> records) {
  std::map<std::string, std::vector<std::string>> values;
  for (const CellRecord& record : records)
    for (const auto& [path, value] : flatten(record.cell.to_json())) {
      std::vector<std::string>& known = values[path];
      std::string text = value_text(value);
      if (std::ranges::find(known, text) == known.end()) known.push_back(std::move(text));
    }
  return values;
}

std::string list_of(const std::vector<std::string>& values) {
  constexpr std::size_t most = 4;
  std::string list;
  for (std::size_t i = 0; i < std::min(most, values.size()); ++i) list += (i > 0 ? ", " : "") + values[i];
  return values.size() > most ? list + ", ..." : list;
}

}  // namespace

std::string settings_apart(std::span<const CellRecord> a, const std::string& a_name, std::span<const CellRecord> b,
                           const std::string& b_name) {
  constexpr int most = 3;
  const auto of_a = values_of(a), of_b = values_of(b);
  std::string text;
  int count = 0;
  for (const auto& [path, values] : of_a) {
    const auto other = of_b.find(path);
    if (other == of_b.end()) continue;
    const auto is_in_b = [&](const std::string& value) {
      return std::ranges::find(other->second, value) != other->second.end();
    };
    if (std::ranges::any_of(values, is_in_b) || ++count > most) continue;
    text += fmt::format("{}{} is {} in {} and {} in {}", text.empty() ? "" : "; ", path, list_of(values), a_name,
                        list_of(other->second), b_name);
  }
  return count > most ? fmt::format("{}; and {} more", text, count - most) : text;
}

}  // namespace frugal::harness
