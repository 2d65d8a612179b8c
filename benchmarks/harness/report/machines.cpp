#include "benchmarks/harness/report/machines.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/record/provenance.hpp"
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
}

}  // namespace frugal::harness
