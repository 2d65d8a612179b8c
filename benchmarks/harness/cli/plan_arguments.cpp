#include "benchmarks/harness/cli/plan_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace frugal::harness {

LoadedPlan load_plan_of(const ParsedOptions& options, const Workloads& workloads) {
  LoadedPlan loaded;
  for (const std::string& text : options.all("set")) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw UserError(fmt::format("--set '{}': write PATH=VALUE, for example seeds=[1,2]", text));
    loaded.overrides.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  loaded.data_dirs = data_dirs_from(options.all("data-dir"));
  loaded.file = load_plan(options.arguments.at(0), loaded.overrides, workloads, loaded.data_dirs);
  return loaded;
}

const Workload& workload_of(const Plan& plan, const Workloads& workloads) {
  return **std::ranges::find(workloads, plan.workload, &Workload::name);
}

bool report_unavailable(const PlanFile& file) {
  for (const std::string& reason : file.unavailable) fmt::print(stderr, "frugal: {}\n", reason);
  if (!file.unavailable.empty())
    fmt::print(stderr, "frugal: the plan is right, but this machine cannot run all of it (frugal doctor says more)\n");
  return !file.unavailable.empty();
}

}  // namespace frugal::harness
