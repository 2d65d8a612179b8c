#include "benchmarks/harness/report/machines.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {

void tell_machines_apart(std::span<Run> runs) {
  std::map<std::string, std::set<std::string>> ids;
  std::vector<std::string> texts;
  for (const Run& run : runs) {
    texts.push_back(machine_text(run.provenance));
    ids[texts.back()].insert(machine_id(run.provenance.machine));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (ids.at(texts[i]).size() < 2) continue;
    Json& machine = runs[i].provenance.machine;
    machine["cpu"] =
        fmt::format("{} (family {}, model {}, host {}, machine {})", machine.value("cpu", "unknown"),
                    machine.value("cpu_family", "unknown"), machine.value("cpu_model", "unknown"),
                    machine.value("hostname_hash", "unknown").substr(0, 6), machine_id(machine).substr(0, 6));
  }
}

}  // namespace frugal::harness
