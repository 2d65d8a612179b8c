#include "benchmarks/harness/study/cell_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// The text or whole number under `key` of an object, or "".
std::string member_text(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  if (found == object.end() || found->is_null() || found->is_object()) return "";
  return value_text(*found);
}

/// "2 threads"; by plan where the plans of a run differ: "threads: smoke 1, full 2"; "" when it is not known.
std::string threads_text(const Provenance& provenance) {
  const Json* threads = cell_value(provenance.plan, "threads");
  if (!threads || !threads->is_object()) return "";
  std::set<std::string> counts;
  std::string by_plan;
  for (const auto& [plan, count] : threads->items()) {
    counts.insert(value_text(count));
    by_plan += (by_plan.empty() ? "threads: " : ", ") + plan + " " + value_text(count);
  }
  return counts.size() == 1 ? *counts.begin() + (*counts.begin() == "1" ? " thread" : " threads") : by_plan;
}

}  // namespace

std::vector<const CellRecord*> CellGroup::finished() const {
  std::vector<const CellRecord*> result;
  for (const CellRecord* record : records) {
    if (record->status == Status::ok) result.push_back(record);
  }
  return result;
}

const CellRecord* CellGroup::with_seed(std::uint64_t seed) const {
  for (const CellRecord* record : records) {
    if (record->cell.seed == seed) return record;
  }
  return nullptr;
}

std::vector<CellGroup> group_cells(const Run& run) {
  std::vector<CellGroup> groups;
  std::map<std::string, std::size_t> known;
  for (const CellRecord& record : run.cells) {
    Json cell = record.cell.to_json();
    cell.erase("seed");
    const auto [position, is_new] = known.emplace(cell.dump(), groups.size());
    if (is_new) groups.push_back({&run, std::move(cell), {}});
    groups[position->second].records.push_back(&record);
  }
  return groups;
}

std::string value_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : "-") + value_text(item);
  return text.empty() ? "none" : text;
}

std::string describe_cell(const Json& cell, std::span<const std::string> varying) {
  std::string text;
  if (const Json* name = cell_value(cell, "dataset.name")) text = value_text(*name);
  const std::string workload = member_text(cell, "workload");
  for (const std::string& path : varying) {
    const Json* value = cell_value(cell, path);
    if (!value || path == "dataset.name" || path == "workload" || path == "backend") continue;
    text += (text.empty() ? "" : " ") + short_path(path, workload) + "=" + value_text(*value);
  }
  return text;
}

std::vector<double> stage_samples(const CellRecord& record, std::string_view stage) {
  if (stage != "total") {
    const StageRecord* found = record.stage(stage);
    return found ? found->wall_s : std::vector<double>{};
  }
  std::vector<double> sums;
  for (const StageRecord& part : record.stages) {
    // A stage without samples was never entered; one with fewer than the others cannot be added repeat by repeat.
    if (part.wall_s.empty()) continue;
    if (sums.empty()) sums.resize(part.wall_s.size(), 0.0);
    sums.resize(std::min(sums.size(), part.wall_s.size()));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part.wall_s[i];
  }
  return sums;
}

std::optional<double> stage_seconds(const CellRecord& record, std::string_view stage) {
  const std::vector<double> samples = stage_samples(record, stage);
  if (samples.empty()) return std::nullopt;
  return median(samples);
}

std::string machine_text(const Provenance& provenance) {
  const Json& machine = provenance.machine;
  std::string text = member_text(machine, "cpu");
  const auto add = [&](const std::string& part, const char* unit) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part + unit;
  };
  const std::string cores = member_text(machine, "cores");
  add(cores, cores == "1" ? " core" : " cores");
  // All flags are in run.json; the widest vectors are what a reader asks for.
  const Json* isa = cell_value(machine, "isa");
  if (isa && isa->is_array()) {
    const auto has = [&](const char* flag) { return std::ranges::find(*isa, Json(flag)) != isa->end(); };
    if (has("avx512f"))
      add("AVX-512", "");
    else if (has("avx2"))
      add("AVX2", "");
  }
  const Json* backends = cell_value(machine, "backends");
  if (backends && backends->is_object()) {
    for (const auto& [name, facts] : backends->items()) add(member_text(facts, "device"), "");
  }
  if (text.empty()) text = "unknown machine";
  add(threads_text(provenance), "");
  return text;
}

std::string commit_text(const Provenance& provenance) {
  const std::string commit = member_text(provenance.build, "commit");
  if (commit.empty()) return "unknown commit";
  const Json* dirty = cell_value(provenance.build, "dirty");
  if (!dirty || *dirty != Json(true)) return commit.substr(0, 12);
  // The hash of the changes keeps two different dirty builds apart.
  const std::string changes = member_text(provenance.build, "diff").substr(0, 8);
  return commit.substr(0, 12) + " with local changes" + (changes.empty() ? "" : " " + changes);
}

std::string build_text(const Provenance& provenance) {
  const std::string type = member_text(provenance.build, "type");
  return commit_text(provenance) + (type.empty() ? "" : " (" + type + ")");
}

}  // namespace frugal::harness
