// The `frugal` program: verbs, options, exit codes.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// 0 ok, 1 gate failed, 2 bad plan or usage, 3 some cells failed, 4 something needed is unavailable, 130 interrupted.
enum ExitCode {
  exit_ok = 0,
  exit_gate = 1,
  exit_usage = 2,
  exit_cells_failed = 3,
  exit_unavailable = 4,
  exit_interrupted = 130
};

/// Never throws. Talk goes to stderr, results to stdout.
int run_program(int argc, char** argv, const Workloads& workloads);

}  // namespace frugal::harness
