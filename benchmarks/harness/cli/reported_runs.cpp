#include "benchmarks/harness/cli/reported_runs.hpp"

namespace frugal::harness {

std::vector<Run> load_by_machine(const std::vector<std::string>& folders, const Workloads& workloads) {
  std::vector<Run> runs;
  for (const std::string& folder : folders)
    for (Run& run : by_machine(load_up_to_date(folder, workloads))) runs.push_back(std::move(run));
  return runs;
}

}  // namespace frugal::harness
