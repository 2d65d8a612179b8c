// DLRM: click prediction from dense and categorical features (Naumov et al., arXiv 1906.00091).
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::workloads {
const harness::Workload& dlrm_workload();
}  // namespace frugal::workloads
