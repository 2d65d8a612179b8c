// The runs that a command is given, as the program of today reads them.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/record/up_to_date.hpp"

namespace frugal::harness {

/// Those in the folders, in their order; one that went on elsewhere is a run for each of its machines. Throws UserError.
std::vector<Run> load_by_machine(const std::vector<std::string>& folders, const Workloads& workloads);

}  // namespace frugal::harness
