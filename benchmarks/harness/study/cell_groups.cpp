#include "benchmarks/harness/study/cell_groups.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

Json implementation_of(const CellGroup& group) {
  const auto named =
      std::ranges::find_if(group.records, [](const CellRecord* record) { return !record->implementation.empty(); });
  return named == group.records.end() ? Json() : Json((*named)->implementation);
}

void add_records(PooledCell& pooled, const PooledCell& more) {
  for (const CellRecord* record : more.records) {
    const auto known =
        std::ranges::find(pooled.records, record->cell.seed, [](const CellRecord* other) { return other->cell.seed; });
    if (known == pooled.records.end()) {
      pooled.records.push_back(record);
      continue;
    }
    const bool counts = worth(record->status) >= worth((*known)->status);
    pooled.left_out.push_back(counts ? *known : record);
    if (counts) *known = record;
  }
  if (pooled.implementation.is_null()) pooled.implementation = more.implementation;
}

std::string path_text(const Json& cell, const char* path) {
  const Json* value = cell_value(cell, path);
  return value ? value_text(*value) : "";
}

std::string data_key(const Json& cell) { return path_text(cell, "workload") + " " + path_text(cell, "dataset.name"); }

std::vector<std::string> varying_below(const std::string& root, std::span<const Json* const> cells) {
  std::vector<std::string> paths = varying_paths(cells);
  std::erase_if(paths, [&](const std::string& path) { return !path.starts_with(root); });
  return paths;
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

const Json* PooledCell::value(std::string_view path) const {
  if (path == "implementation") return implementation.is_null() ? nullptr : &implementation;
  const std::string_view group = path.substr(0, path.find('.'));
  const Json* const block = group == "machine" ? &provenance->machine : group == "build" ? &provenance->build : nullptr;
  if (block == nullptr) return cell_value(cell, path);
  return path == group ? block : cell_value(*block, path.substr(group.size() + 1));
}

bool PooledCell::meets(const Conditions& conditions) const {
  return std::ranges::all_of(conditions, [&](const auto& condition) {
    const Json* const own = value(condition.first);
    return own != nullptr && std::ranges::find(condition.second, *own) != condition.second.end();
  });
}

std::vector<PooledCell> pool_cells(std::span<const Run> runs, const std::string& workload, const Conditions& where) {
  std::vector<PooledCell> pooled;
  std::map<std::tuple<std::string, std::string, Json>, std::size_t> known;  // machine, build, cell -> its place
  for (const Run& run : runs) {
    const std::string machine = machine_text(run.provenance);
    const std::string build = build_text(run.provenance);
    for (CellGroup& group : group_cells(run)) {
      if (group.cell.at("workload") != workload) continue;
      Json implementation = implementation_of(group);
      PooledCell cell{{std::move(group.records)},
                      std::move(group.cell),
                      std::move(implementation),
                      &run.provenance,
                      machine,
                      build};
      if (!cell.meets(where)) continue;
      const auto [place, is_new] = known.try_emplace({cell.machine, cell.build, cell.cell}, pooled.size());
      if (is_new)
        pooled.push_back(std::move(cell));
      else
        add_records(pooled[place->second], cell);
    }
  }
  return pooled;
}

CellLabels::CellLabels(std::span<const Json* const> cells) {
  std::map<std::string, std::vector<const Json*>> of_workload, of_data;
  for (const Json* cell : cells) {
    of_workload[path_text(*cell, "workload")].push_back(cell);
    of_data[data_key(*cell)].push_back(cell);
  }
  for (const auto& [workload, same] : of_workload) {
    std::vector<std::string>& varying = varying_[workload];
    varying = varying_below("params." + workload + ".", same);
    for (std::string& path : varying_paths(same))
      if (is_execution_path(path)) varying.push_back(std::move(path));
  }
  for (const auto& [key, same] : of_data) of_data_[key] = varying_below("dataset.", same);
}

std::string CellLabels::of(const Json& cell) const {
  const std::string workload = path_text(cell, "workload");
  std::string label = path_text(cell, "dataset.name");
  const auto add = [&](const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const Json* value = cell_value(cell, path);
      if (value) label += (label.empty() ? "" : " ") + short_path(path, workload) + "=" + value_text(*value);
    }
  };
  add(of_data_.at(data_key(cell)));
  add(varying_.at(workload));
  return label;
}

}  // namespace frugal::harness
