#include "benchmarks/harness/study/joined_cells.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/common_cells.hpp"
#include "benchmarks/harness/study/same_data.hpp"

namespace frugal::harness {
namespace {

std::set<std::string> backends_of(const std::vector<CellGroup>& groups) {
  std::set<std::string> names;
  for (const CellGroup& group : groups) names.insert(value_text(group.cell.at("backend")));
  return names;
}

/// What two cells must agree on.
Json join_key(const CellGroup& group, bool with_backend) {
  Json cell = group.cell;
  if (!with_backend) cell.erase("backend");
  return cell;
}

/// Two groups that belong together.
using GroupPair = std::pair<const CellGroup*, const CellGroup*>;

JoinedCell join_seeds(const GroupPair& pair, JoinedRuns& joined) {
  JoinedCell cell{*pair.first, *pair.second};
  for (const CellRecord* record : pair.first->records) {
    const CellRecord* partner = pair.second->with_seed(record->cell.seed);
    if (!partner) {
      ++joined.only_a;
    } else if (record->status == Status::ok && partner->status == Status::ok) {
      ++cell.seeds;
      joined.of_unknown_data += record->inputs.empty() != partner->inputs.empty() ? 1 : 0;
    }
  }
  for (const CellRecord* record : pair.second->records)
    joined.only_b += pair.first->with_seed(record->cell.seed) ? 0 : 1;
  return cell;
}

std::string suite_of(const GroupPair& pair) {
  const std::string a = value_text(pair.first->cell.at("backend"));
  const std::string b = value_text(pair.second->cell.at("backend"));
  return value_text(pair.first->cell.at("workload")) + "." + (a == b ? a : a + " → " + b);
}

}  // namespace

JoinedRuns join_runs(const Run& a, const Run& b) {
  require_same_data(a, a.folder.string(), b, b.folder.string());
  const std::vector<CellGroup> groups_a = group_cells(a);
  const std::vector<CellGroup> groups_b = group_cells(b);
  const std::set<std::string> backends_a = backends_of(groups_a);
  const std::set<std::string> backends_b = backends_of(groups_b);
  const bool on_backend =
      std::ranges::any_of(backends_a, [&](const std::string& name) { return backends_b.contains(name); });
  std::map<Json, std::vector<const CellGroup*>> partners;  // of b, by what they must agree on
  for (const CellGroup& of_b : groups_b) partners[join_key(of_b, on_backend)].push_back(&of_b);

  JoinedRuns joined;
  joined.same_backend = on_backend;
  std::vector<GroupPair> pairs;
  std::set<const CellGroup*> met;  // of b
  for (const CellGroup& of_a : groups_a) {
    const auto found = partners.find(join_key(of_a, on_backend));
    if (found == partners.end()) {
      joined.only_a += of_a.records.size();
      continue;
    }
    for (const CellGroup* of_b : found->second) {
      pairs.emplace_back(&of_a, of_b);
      met.insert(of_b);
    }
  }
  for (const CellGroup& of_b : groups_b) {
    if (!met.contains(&of_b)) joined.only_b += of_b.records.size();
  }
  std::vector<const Json*> cells;
  cells.reserve(pairs.size());
  for (const GroupPair& pair : pairs) cells.push_back(&pair.first->cell);
  const CellLabels labels(cells);
  for (const GroupPair& pair : pairs) {
    joined.cells.push_back(join_seeds(pair, joined));
    joined.cells.back().suite = suite_of(pair);
    joined.cells.back().label = labels.of(pair.first->cell);
  }
  if (std::ranges::all_of(joined.cells, [](const JoinedCell& cell) { return cell.seeds == 0; })) {
    const std::string apart = settings_apart(a.cells, "the first", b.cells, "the second");
    throw UserError(fmt::format(
        "nothing to compare: no cell with the same workload, data set, parameters and seed ended well in both {} "
        "(back ends: {}) and {} (back ends: {}){}{}",
        a.folder.string(), fmt::join(backends_a, ", "), b.folder.string(), fmt::join(backends_b, ", "),
        apart.empty() ? "" : ": ", apart));
  }
  return joined;
}

}  // namespace frugal::harness
