// What a plan says about a run of `inr`, as parameters and as what they stand for.
#pragma once
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "benchmarks/workloads/inr/tiling.hpp"
#include "datasets/load/signal.hpp"
#include "impl/common/specs.hpp"

namespace frugal::workloads {

std::vector<ParamSpec> inr_params();

/// The signal that a cell trains on.
data::SignalChoice signal_choice(const harness::Cell& cell);

/// Why the signal cannot be cut as the cell asks; empty when it can.
std::string why_no_tiling(const harness::Cell& cell, const data::SignalShape& shape);

/// Requires why_no_tiling() to have nothing to say.
Tiling tiling_of(const harness::Cell& cell, const data::SignalShape& shape);

InrSpec inr_spec(const harness::Cell& cell, const Tiling& tiling, int channels);

}  // namespace frugal::workloads
