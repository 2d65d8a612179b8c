#include "benchmarks/workloads/registry.hpp"

#include "benchmarks/workloads/cadc/cadc_workload.hpp"
#include "benchmarks/workloads/dlrm/dlrm_workload.hpp"
#include "benchmarks/workloads/inr/inr_workload.hpp"

namespace frugal::workloads {

const harness::Workloads& all() {
  static const harness::Workloads workloads = {&cadc_workload(), &dlrm_workload(), &inr_workload()};
  return workloads;
}

}  // namespace frugal::workloads
