// What `plan`, `run` and `search` share: the plan with its overrides and data folders, loaded.
#pragma once
#include "benchmarks/harness/cli/options.hpp"
#include "benchmarks/harness/plan/plan.hpp"

namespace frugal::harness {

struct LoadedPlan {
  PlanFile file;
  std::vector<Override> overrides;
  std::vector<std::filesystem::path> data_dirs;
};

/// From the first argument, --set and --data-dir. Throws UserError.
LoadedPlan load_plan_of(const ParsedOptions& options, const Workloads& workloads);

/// That of the plan, which names one of these.
const Workload& workload_of(const Plan& plan, const Workloads& workloads);

/// Prints what cannot run here, and why, to stderr. True when there is something.
bool report_unavailable(const PlanFile& file);

}  // namespace frugal::harness
