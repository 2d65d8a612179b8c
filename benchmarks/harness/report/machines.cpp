#include "benchmarks/harness/report/machines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

/// What machines that are alike have in common: all that makes a machine but whose it is.
Json kind_of(const Json& machine) {
  Json kind = machine_identity(machine);
  kind.erase("hostname_hash");
  const Json backends = machine.value("backends", Json::object());
  for (const auto& [backend, facts] : backends.items()) kind.erase(backend + " uuid hash");
  return kind;
}

void add_to_name(Json& machine, const std::string& what) {
  machine["cpu"] = fmt::format("{} ({})", machine.value("cpu", "unknown"), what);
}

/// How a run was timed, and which kernels ran: what neither its machine nor its build tells.
Json conditions_of(const Provenance& provenance) {
  const Json by_plan = provenance.plan.value("measure", Json::object());
  std::set<Json> ways;
  for (const auto& [plan, measure] : by_plan.items()) ways.insert(measure);
  Json conditions = ways.size() == 1 ? *ways.begin() : by_plan;  // where all plans agree no plan is named
  const Json backends = provenance.machine.value("backends", Json::object());
  for (const auto& [backend, facts] : backends.items())
    if (facts.contains("instruction set")) conditions[backend + " instruction set"] = facts.at("instruction set");
  return conditions;
}

/// Do two of them have a cell, of any seeds?
bool share_cells(std::span<Run* const> runs) {
  std::set<std::string> seen;
  for (const Run* run : runs) {
    std::set<std::string> own;
    for (const CellGroup& group : group_cells(*run)) own.insert(group.cell.dump());
    for (const std::string& cell : own)
      if (!seen.insert(cell).second) return true;
  }
  return false;
}

/// Runs of one machine and one build whose cells would share rows.
void tell_conditions_apart(std::span<Run> runs) {
  std::map<std::pair<std::string, std::string>, std::vector<Run*>> alike;  // machine, build
  for (Run& run : runs) alike[{machine_text(run.provenance), build_text(run.provenance)}].push_back(&run);
  for (const auto& [origin, same] : alike) {
    std::vector<Json> conditions;
    for (const Run* run : same) conditions.push_back(conditions_of(run->provenance));
    std::vector<const Json*> pointers;
    pointers.reserve(conditions.size());
    for (const Json& one : conditions) pointers.push_back(&one);
    const std::vector<std::string> differ = varying_paths(pointers);
    if (differ.empty() || !share_cells(same)) continue;
    for (std::size_t i = 0; i < same.size(); ++i) {
      const std::map<std::string, Json> values = flatten(conditions[i]);
      std::vector<std::string> texts;
      for (const std::string& path : differ) {
        const auto value = values.find(path);
        texts.push_back(fmt::format("{} {}", path, value == values.end() ? "none" : value_text(value->second)));
      }
      add_to_name(same[i]->provenance.machine, fmt::format("{}", fmt::join(texts, ", ")));
    }
  }
}

}  // namespace

void tell_machines_apart(std::span<Run> runs) {
  std::map<std::string, std::set<std::string>> alike;  // folder and kind -> machine ids
  const auto alike_as = [&](const Run& run) -> std::set<std::string>& {
    return alike[run.folder.string() + " " + kind_of(run.provenance.machine).dump()];
  };
  for (const Run& run : runs) alike_as(run).insert(machine_id(run.provenance.machine));
  // Which machines have one text: by the first of those that are alike, which stands for all.
  std::map<std::string, std::set<std::string>> ids;
  std::vector<std::string> texts;
  for (const Run& run : runs) {
    texts.push_back(machine_text(run.provenance));
    ids[texts.back()].insert(*alike_as(run).begin());
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Json& machine = runs[i].provenance.machine;
    const std::set<std::string> same = alike_as(runs[i]);
    const bool is_told = ids.at(texts[i]).size() < 2;
    if (same.size() > 1)
      add_to_name(machine,
                  is_told ? fmt::format("{} machines alike", same.size())
                          : fmt::format("family {}, model {}, {} machines alike from {}",
                                        machine.value("cpu_family", "unknown"), machine.value("cpu_model", "unknown"),
                                        same.size(), same.begin()->substr(0, 6)));
    else if (!is_told)
      add_to_name(machine, fmt::format("family {}, model {}, host {}, machine {}",
                                       machine.value("cpu_family", "unknown"), machine.value("cpu_model", "unknown"),
                                       machine.value("hostname_hash", "unknown").substr(0, 6),
                                       machine_id(machine).substr(0, 6)));
  }
  tell_conditions_apart(runs);
}

}  // namespace frugal::harness
