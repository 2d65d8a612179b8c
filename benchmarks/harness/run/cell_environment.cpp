#include "benchmarks/harness/run/cell_environment.hpp"

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/run/pinning.hpp"

extern char** environ;

namespace frugal::harness {

std::vector<std::string> CellEnvironment::variables() const {
  std::vector<std::string> variables;
  bool has_wait_policy = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    if (variable.starts_with("OMP_NUM_THREADS=") || variable.starts_with("OMP_PROC_BIND=")) continue;
    if (!cpus.empty() && variable.starts_with("OMP_PLACES=")) continue;
    if (!isa.empty() && variable.starts_with("FRUGAL_ISA=")) continue;
    has_wait_policy |= variable.starts_with("OMP_WAIT_POLICY=");
    variables.push_back(variable);
  }
  variables.push_back("OMP_NUM_THREADS=" + std::to_string(threads));
  if (!isa.empty() && isa != to_word(chosen_isa_names, ChosenIsa::widest)) variables.push_back("FRUGAL_ISA=" + isa);
  if (!cpus.empty()) {
    variables.emplace_back("OMP_PROC_BIND=true");
    variables.push_back("OMP_PLACES=" + openmp_places(cpus));
  }
  if (!has_wait_policy) variables.push_back("OMP_WAIT_POLICY=passive");
  return variables;
}

}  // namespace frugal::harness
