#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::workloads {

/// An ensemble of small sine networks on one picture (ENRP, arXiv 2110.04124).
const harness::Workload& inr_workload();

}  // namespace frugal::workloads
