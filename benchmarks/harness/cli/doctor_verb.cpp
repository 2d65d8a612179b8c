// `frugal doctor`: what can run here, and why the rest cannot.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/doctor_limits.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/run/readiness.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/load/datasets.hpp"
#include "impl/api/backend.hpp"

namespace frugal::harness {
namespace {

using DoctorRows = std::vector<std::vector<std::string>>;

void print_facts(const char* title, const Json& facts, std::initializer_list<const char*> keys) {
  DoctorRows rows;
  for (const char* key : keys)
    if (const std::string text = value_text(facts.at(key), " "); !text.empty()) rows.push_back({key, text});
  fmt::print("{}\n{}\n", title, text_table(rows, 2));
}

void print_readiness() {
  fmt::print("measuring times here and now\n");
  const std::vector<std::string> obstacles = measuring_obstacles(effective_threads({}), usable_processors());
  for (const std::string& obstacle : obstacles) fmt::print("  {}\n", obstacle);
  fmt::print("{}\n", obstacles.empty() ? "  nothing that can be read speaks against it\n" : "");
}

void print_backends() {
  DoctorRows rows;
  for (const Backend* backend : backends()) {
    const Support support = backend->available();
    std::string text = support ? "ready" : "cannot run: " + support.reason;
    if (support)
      for (const auto& [fact, value] : backend->device()) text += fmt::format(", {}: {}", fact, value);
    rows.push_back({backend->name(), text});
  }
  fmt::print("back ends\n{}\n", text_table(rows, 2));
}

void print_datasets(const std::vector<std::filesystem::path>& data_dirs) {
  DoctorRows rows;
  bool all_here = true;
  for (const data::Manifest& manifest : data::manifests(data_dirs)) {
    std::string missing;
    std::filesystem::path found;
    for (const data::ManifestFile& file : manifest.files) {
      if (const auto path = data::locate(file, data_dirs))
        found = path->parent_path();
      else if (missing.empty())
        missing = file.path;
    }
    all_here = all_here && missing.empty();
    rows.push_back({manifest.name, missing.empty()
                                       ? "in reach: " + found.string()
                                       : fmt::format("not here ({}): frugal data fetch {}", missing, manifest.name)});
  }
  for (const data::Generator& generator : data::generators())
    rows.push_back({generator.name, "generated, always there"});
  fmt::print("data sets\n{}", text_table(rows, 2));
  if (all_here) return;
  fmt::print("  looked in:");
  for (const auto& dir : data_dirs) fmt::print(" {}", dir.string());
  fmt::print("\n");
}

int run_doctor(const Call& call) {
  if (call.has("limits")) return print_limits();
  print_facts("program", build_facts(), {"version", "commit", "dirty", "type", "compiler", "flags"});
  Json machine = machine_facts();
  machine["threads"] = effective_threads({});
  print_facts("machine", machine,
              {"cpu", "cpu_family", "cpu_model", "cores", "threads", "isa", "memory_gib", "os", "kernel", "governor",
               "load", "energy", "instructions"});
  std::string names;
  for (const Workload* workload : call.workloads) names += (names.empty() ? "" : ", ") + workload->name();
  fmt::print("workloads\n  {}\n\n", names);
  print_readiness();
  print_backends();
  print_datasets(data_dirs_from(call.all("data-dir")));
  return exit_ok;
}

}  // namespace

Verb doctor_verb() {
  return {
      .name = "doctor",
      .summary = "what can run on this machine, and why the rest cannot",
      .help =
          "Says what can run on this machine and why the rest cannot: the program, the machine, each back end, "
          "each data set.",
      .options = {data_dir_option(),
                  {.name = "limits",
                   .value = "",
                   .help = "measures what each device can do at most instead: arithmetic by precision, bandwidth by "
                           "level, sines, and for a processor by the number of threads"}},
      .examples = {"frugal doctor", "frugal doctor --limits"},
      .run = run_doctor};
}

}  // namespace frugal::harness
