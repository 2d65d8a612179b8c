// The runs that `report` and `trend` are given.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Those in the folders, in their order; one that went on elsewhere is a run for each of its machines. Throws UserError.
std::vector<Run> load_by_machine(const std::vector<std::string>& folders);

}  // namespace frugal::harness
