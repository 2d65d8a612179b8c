// What the devices of a run could do at most, as its cells recorded it (measure.limits).
#pragma once
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// "fp32 135, bf16 471 GFLOP/s"; of several back ends "cpu: ...; cuda: ...". "unknown" where
/// nothing was measured. Of several measurements the best, whatever their number of threads.
std::string compute_limits_text(const Run& run);

/// "9.86 10^9/s" likewise: of sines with their cosines.
std::string sine_limits_text(const Run& run);

/// "L1 301, L2 167, memory 21 GB/s" likewise.
std::string bandwidth_limits_text(const Run& run);

}  // namespace frugal::harness
