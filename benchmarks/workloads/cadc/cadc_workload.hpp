// CADC: is a small uniform sample enough, when the embeddings come from a factorisation of all interactions?
//
//   split -> [factorise] -> keep a uniform fraction -> train a two-tower network -> rank the held-out items
//
// with two controls without which the claim means nothing: `mf` (rank by stage 1 alone) and `popularity`.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::workloads {
const harness::Workload& cadc_workload();
}  // namespace frugal::workloads
