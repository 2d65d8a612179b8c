#include <nlohmann/json.hpp>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/judge/limits_text.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "impl/base/shell.hpp"

namespace frugal::harness {
namespace {

/// What run.json has at the path, as people read it; "unknown" where it has nothing.
std::string fact_text(const Json& facts, std::string_view path) {
  const Json* found = cell_value(facts, path);
  return !found || found->is_null() || found->is_object() || *found == Json("") ? "unknown" : value_text(*found, " ");
}

/// "AMD EPYC, 2 cores, 23.5 GiB, host 5bce98": two machines of one name have other hosts.
std::string computer_text(const Provenance& provenance) {
  const Json& machine = provenance.machine;
  std::string text = fact_text(machine, "cpu");
  const auto add = [&](const char* before, const std::string& value, const char* after) {
    if (value != "unknown") text += before + value + after;
  };
  add(" (family ", fact_text(machine, "cpu_family"), "");
  add(", model ", fact_text(machine, "cpu_model"), ")");
  add(", ", fact_text(machine, "cores"), " cores");
  add(", ", fact_text(machine, "memory_gib"), " GiB");
  add(", host ", fact_text(machine, "hostname_hash").substr(0, 7), "");
  return text;
}

/// "avx512 (avx2 fma avx512f)": what a back end used, and what the processor has.
std::string instructions_text(const Provenance& provenance) {
  const std::string has = fact_text(provenance.machine, "isa");
  const std::string used = fact_text(provenance.machine, "backends.cpu.instruction set");
  return used == "unknown" ? has : used + " (" + has + ")";
}

std::string devices_text(const Provenance& provenance) {
  std::string text;
  const Json* backends = cell_value(provenance.machine, "backends");
  if (backends && backends->is_object())
    for (const auto& [name, facts] : backends->items())
      if (const std::string device = fact_text(facts, "device"); device != "unknown")
        text += (text.empty() ? "" : ", ") + device;
  return text.empty() ? "none" : text;
}

std::string libraries_text(const Provenance& provenance) {
  std::string text;
  const Json* libraries = cell_value(provenance.build, "libraries");
  if (libraries && libraries->is_object())
    for (const auto& [name, version] : libraries->items())
      text += (text.empty() ? "" : ", ") + name + " " + value_text(version);
  return text.empty() ? "unknown" : text;
}

}  // namespace

std::vector<SetupFact> setup_of(const Run& base, const Run& run) {
  std::vector<SetupFact> facts;
  const auto add = [&](const char* name, const auto& text_of, bool always) {
    facts.push_back({name, text_of(base.provenance), text_of(run.provenance), always});
  };
  const auto of_build = [](const char* key) {
    return [key](const Provenance& provenance) { return fact_text(provenance.build, key); };
  };
  add("machine", computer_text, true);
  add("instruction set", instructions_text, true);
  add("device", devices_text, false);
  add(
      "threads",
      [](const Provenance& provenance) {
        const std::string threads = threads_text(provenance);
        return threads.empty() ? "unknown" : threads;
      },
      true);
  facts.push_back({"arithmetic limit", compute_limits_text(base), compute_limits_text(run)});
  facts.push_back({"sines limit", sine_limits_text(base), sine_limits_text(run)});
  facts.push_back({"bandwidth limit", bandwidth_limits_text(base), bandwidth_limits_text(run)});
  add("build", build_text, true);
  add("compiler", of_build("compiler"), false);
  add("flags", of_build("flags"), false);
  add("libraries", libraries_text, false);
  add(
      "kernel", [](const Provenance& provenance) { return fact_text(provenance.machine, "kernel"); }, false);
  add(
      "started", [](const Provenance& provenance) { return provenance.started; }, true);
  return facts;
}

void describe_runs(const Run& base, const Run& run, Judgement& judgement) {
  judgement.setup = setup_of(base, run);
  judgement.started = run.provenance.started;
  judgement.host = fact_text(run.provenance.machine, "hostname_hash");
  judgement.plan = fact_text(run.provenance.plan, "file");
  if (judgement.plan == "unknown") judgement.plan = run.provenance.name;
  judgement.plan = shell_word(judgement.plan);
  for (const Json& setting : run.provenance.plan.value("overrides", Json::array()))
    judgement.plan += " --set " + shell_quoted(setting.get<std::string>());
}

}  // namespace frugal::harness
