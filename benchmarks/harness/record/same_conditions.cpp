#include "benchmarks/harness/record/same_conditions.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/record/provenance.hpp"

namespace frugal::harness {
namespace {

std::string build_words(const Json& build) {
  const std::string commit = build.value("commit", "unknown").substr(0, 12);
  const std::string type = build.value("type", "");
  if (!build.value("dirty", false)) return fmt::format("commit {} ({})", commit, type);
  return fmt::format("commit {} with local changes {} ({})", commit, build.value("diff", "").substr(0, 8), type);
}

std::string machine_words(const Json& machine) {
  return fmt::format("{}, {} cores", machine.value("cpu", "unknown"), machine.value("cores", 0));
}

/// The first key whose value differs, or that only one of them has; empty: they are equal.
std::string first_difference(const Json& before, const Json& now) {
  for (const auto& [key, value] : now.items())
    if (before.value(key, Json()) != value) return key;
  for (const auto& [key, value] : before.items())
    if (!now.contains(key)) return key;
  return "";
}

/// Processes of a cell of a plan; nothing where the run has no such plan.
std::optional<Json> ranks_of(const Provenance& run, const std::string& plan) {
  if (!run.plan.value("threads", Json::object()).contains(plan)) return std::nullopt;
  return run.plan.value("ranks", Json::object()).value(plan, Json(1));
}

/// The machines of a run by their ids, each with the facts of its back ends.
std::map<std::string, Json> machines_of(const Provenance& run) {
  std::map<std::string, Json> machines = run.machines;
  machines.emplace(machine_id(run.machine), run.machine);
  return machines;
}

/// In the words of both sides; where these are the same, the values of the key that differs.
ConditionsDifference block_difference(const std::string& what, const std::string& key, const Json& then,
                                      const Json& now, std::string (*words)(const Json&)) {
  const bool told = words(then) != words(now);
  return {.what = fmt::format("{} (its {} differs)", what, key),
          .then = told ? words(then) : then.value(key, Json()).dump(),
          .now = told ? words(now) : now.value(key, Json()).dump()};
}

}  // namespace

// On one machine FRUGAL_ISA decides which kernels a back end has.
std::optional<ConditionsDifference> kernels_difference(const Json& machine_then, const Json& machine_now) {
  const Json backends = machine_now.value("backends", Json::object());
  for (const auto& [backend, facts] : backends.items())
    for (const char* fact : {"instruction set", "products of bf16"}) {
      const std::string path = fmt::format("backends.{}.{}", backend, fact);
      const Json* value_then = cell_value(machine_then, path);
      const Json* value_now = cell_value(machine_now, path);
      if (value_then == nullptr || value_now == nullptr || *value_then == *value_now) continue;
      return ConditionsDifference{fmt::format("{} of the back end {} (FRUGAL_ISA)", fact, backend),
                                  value_text(*value_then), value_text(*value_now)};
    }
  return std::nullopt;
}

std::optional<ConditionsDifference> conditions_difference(const Provenance& before, const Provenance& now, bool mix) {
  if (const std::string key = first_difference(before.build, now.build); !key.empty())
    return block_difference("build", key, before.build, now.build, build_words);
  const Json machine_then = machine_identity(before.machine);
  const Json machine_now = machine_identity(now.machine);
  if (const std::string key = first_difference(machine_then, machine_now); !key.empty() && !mix) {
    ConditionsDifference difference = block_difference("machine", key, machine_then, machine_now, machine_words);
    difference.of_machine = true;
    return difference;
  }
  const std::map<std::string, Json> machines_then = machines_of(before);
  for (const auto& [id, machine] : machines_of(now)) {
    const auto same = machines_then.find(id);
    if (same == machines_then.end()) continue;
    if (auto difference = kernels_difference(same->second, machine)) return difference;
  }
  for (const char* condition : conditions_of_plans) {
    const Json all_before = before.plan.value(condition, Json::object());
    const Json all_now = now.plan.value(condition, Json::object());
    for (const auto& [plan, value] : all_now.items()) {
      const Json then = all_before.value(plan, value);
      if (then != value)
        return ConditionsDifference{condition, fmt::format("{} for plan '{}'", then.dump(), plan), value.dump()};
    }
  }
  for (const auto& [plan, level] : now.determinism) {
    const std::optional<Json> ranks_then = ranks_of(before, plan);
    const std::optional<Json> ranks_now = ranks_of(now, plan);
    if (ranks_then && ranks_now && *ranks_then != *ranks_now)
      return ConditionsDifference{"ranks", fmt::format("{} for plan '{}'", ranks_then->dump(), plan),
                                  ranks_now->dump()};
    const auto then = before.determinism.find(plan);
    if (then != before.determinism.end() && then->second != level)
      return ConditionsDifference{"determinism", fmt::format("{} for plan '{}'", then->second, plan), level};
  }
  return std::nullopt;
}

}  // namespace frugal::harness
