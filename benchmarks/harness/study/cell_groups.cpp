#include "benchmarks/harness/study/cell_groups.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

Json view_of(const CellGroup& group) {
  Json view = group.cell;
  view["machine"] = group.run->provenance.machine;
  view["build"] = group.run->provenance.build;
  const auto named =
      std::ranges::find_if(group.records, [](const CellRecord* record) { return !record->implementation.empty(); });
  if (named != group.records.end()) view["implementation"] = (*named)->implementation;
  return view;
}

void add_records(PooledCell& pooled, const CellGroup& group) {
  for (const CellRecord* record : group.records) {
    const auto known =
        std::ranges::find(pooled.records, record->cell.seed, [](const CellRecord* other) { return other->cell.seed; });
    if (known == pooled.records.end())
      pooled.records.push_back(record);
    else
      *known = record;
  }
}

}  // namespace

std::vector<const CellRecord*> SeedRecords::finished() const {
  std::vector<const CellRecord*> result;
  std::ranges::copy_if(records, std::back_inserter(result),
                       [](const CellRecord* record) { return record->status == Status::ok; });
  return result;
}

const CellRecord* SeedRecords::with_seed(std::uint64_t seed) const {
  const auto found = std::ranges::find(records, seed, [](const CellRecord* record) { return record->cell.seed; });
  return found == records.end() ? nullptr : *found;
}

std::vector<CellGroup> group_cells(const Run& run) {
  std::vector<CellGroup> groups;
  std::map<std::string, std::size_t> known;
  for (const CellRecord& record : run.cells) {
    Json cell = record.cell.to_json();
    cell.erase("seed");
    const auto [position, is_new] = known.emplace(cell.dump(), groups.size());
    if (is_new) groups.push_back({{}, &run, std::move(cell)});
    groups[position->second].records.push_back(&record);
  }
  return groups;
}

std::vector<PooledCell> pool_cells(std::span<const Run> runs, const std::string& workload, const Conditions& where) {
  std::vector<PooledCell> pooled;
  for (const Run& run : runs) {
    const std::string machine = machine_text(run.provenance);
    const std::string build = build_text(run.provenance);
    for (const CellGroup& group : group_cells(run)) {
      if (group.cell.at("workload") != workload) continue;
      Json view = view_of(group);
      if (!meets(view, where)) continue;
      const auto same = std::ranges::find_if(pooled, [&](const PooledCell& other) {
        return std::tie(other.machine, other.build, other.cell) == std::tie(machine, build, group.cell);
      });
      if (same == pooled.end())
        pooled.push_back({{group.records}, group.cell, std::move(view), machine, build});
      else
        add_records(*same, group);
    }
  }
  return pooled;
}

std::string describe_cell(const Json& cell, std::span<const std::string> varying) {
  std::string text;
  if (const Json* name = cell_value(cell, "dataset.name")) text = value_text(*name);
  const Json* workload = cell_value(cell, "workload");
  for (const std::string& path : varying) {
    const Json* value = cell_value(cell, path);
    if (!value || path == "dataset.name" || path == "workload" || path == "backend") continue;
    text +=
        (text.empty() ? "" : " ") + short_path(path, workload ? value_text(*workload) : "") + "=" + value_text(*value);
  }
  return text;
}

}  // namespace frugal::harness
