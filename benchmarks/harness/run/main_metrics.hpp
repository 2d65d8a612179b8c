// The figures of a cell that fit on its line of progress.
#pragma once
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// "psnr 31.20 dB, mssim 0.9312": the first two metrics that the cell has, in the order in which its workload declares
/// them.
std::string main_metrics_text(const CellRecord& record, const Workloads& workloads);

}  // namespace frugal::harness
