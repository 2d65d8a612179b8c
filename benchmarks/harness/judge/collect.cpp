#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/joined_cells.hpp"
#include "benchmarks/harness/study/same_data.hpp"

namespace frugal::harness {
namespace {

std::string suite_of(const CellGroup& group) {
  return value_text(group.cell.at("workload")) + "." + value_text(group.cell.at("backend"));
}

}  // namespace

Collected collect(const Run& run, const Baseline& baseline, bool subset) {
  Collected collected;
  require_same_data(baseline.run, "the baseline", run, "this run");
  collected.why_not_exact = why_not_exact(run, baseline.run);
  collected.notes = notes_of(run, baseline.run);
  const std::vector<CellGroup> before = group_cells(baseline.run);
  const std::vector<CellGroup> now = group_cells(run);
  std::vector<const Json*> cells;
  cells.reserve(before.size());
  for (const CellGroup& group : before) cells.push_back(&group.cell);
  const CellLabels labels(cells);
  const CellRules rules{baseline.tolerances, baseline.run.provenance, run.provenance, collected.why_not_exact.empty(),
                        subset};
  std::map<Json, const CellGroup*> now_by_cell;
  for (const CellGroup& group : now) now_by_cell.emplace(group.cell, &group);
  std::size_t matched = 0, failed = 0;
  for (const CellGroup& group : before) {
    const auto found = now_by_cell.find(group.cell);
    const CellGroup* const partner = found == now_by_cell.end() ? nullptr : found->second;
    if (partner != nullptr) ++matched;
    if (group.finished().empty()) {  // nothing to lose
      ++failed;
      continue;
    }
    collect_cell({group, partner, suite_of(group), labels.of(group.cell)}, rules, collected);
  }
  collected.new_cells = now.size() - matched;
  if (failed > 0)
    collected.notes.push_back(
        fmt::format("{} of the baseline's {} cells ended badly there, all seeds of them, and are not "
                    "compared",
                    failed, before.size()));
  return collected;
}

Collected collect(const JoinedRuns& joined, const Run& run, const Run& base, std::span<const Tolerance> tolerances) {
  Collected collected;
  collected.why_not_exact = joined.same_backend ? why_not_exact(run, base) : "another back end";
  collected.notes = notes_of(run, base);
  const CellRules rules{tolerances, base.provenance, run.provenance, collected.why_not_exact.empty(), true};
  for (const JoinedCell& cell : joined.cells)
    if (!cell.a.finished().empty()) collect_cell({cell.a, &cell.b, cell.suite, cell.label}, rules, collected);
  return collected;
}

}  // namespace frugal::harness
