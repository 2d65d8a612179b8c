// Runs of an older program, as the program of today reads them.
#pragma once
#include <string>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// Gives its cells the parameters that came after it (plan/later_params.hpp), so that they are found in newer runs.
void add_later_params(Run& run, const Workloads& workloads);

/// load_run() with these.
Run load_up_to_date(const std::string& folder, const Workloads& workloads);

}  // namespace frugal::harness
