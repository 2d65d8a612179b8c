#include "benchmarks/harness/study/origin_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/record/provenance.hpp"

namespace frugal::harness {
namespace {

/// The text or whole number under `key` of an object, or "".
std::string member_text(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  if (found == object.end() || found->is_null() || found->is_object()) return "";
  return value_text(*found);
}

}  // namespace

std::string threads_text(const Provenance& provenance) {
  const Json* threads = cell_value(provenance.plan, "threads");
  if (!threads || !threads->is_object()) return "";
  const Json all_ranks = provenance.plan.value("ranks", Json::object());
  std::set<std::string> counts;
  std::string by_plan;
  bool is_one = false;
  for (const auto& [plan, count] : threads->items()) {
    std::string text = value_text(count, "/");  // of an axis: a list
    is_one = text == "1";
    if (all_ranks.contains(plan)) text = fmt::format("{} ranks of {}", value_text(all_ranks.at(plan), "/"), text);
    counts.insert(text);
    by_plan += fmt::format("{}{} {}", by_plan.empty() ? "threads: " : ", ", plan, text);
  }
  return counts.size() == 1 ? *counts.begin() + (is_one ? " thread" : " threads") : by_plan;
}

bool of_one_machine(const Provenance& a, const Provenance& b) {
  return machine_id(a.machine) == machine_id(b.machine) && a.machines == b.machines &&
         threads_text(a) == threads_text(b);
}

std::string to_do_text(const Run& run) {
  if (run.to_do == 0) return "";
  return fmt::format("{} of the {} cells of its plan have no record", run.to_do, run.planned);
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
