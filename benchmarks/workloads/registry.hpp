// All workloads of the suite.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::workloads {

/// cadc, dlrm, inr.
const harness::Workloads& all();

}  // namespace frugal::workloads
