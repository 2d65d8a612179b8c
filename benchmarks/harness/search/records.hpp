// What finished runs on other data say of the structures of a search.
#pragma once
#include <span>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/search/problem.hpp"

namespace frugal::harness {

/// Sets Structure::expected_gap from the records of `runs`, as load_up_to_date() gives them, that are of this space: full
/// fidelity, the plan's parameters but for the axes and what may differ (search.records). Those of the plan's own data
/// are left out. Nothing is said of a structure that one of the data sets lacks, or has beyond the bounds.
/// Also leaves out each data set in turn: space.left_out. Throws UserError when the records say nothing.
void learn_from_records(const Plan& plan, const Workload& workload, std::span<const Run> runs, SearchSpace& space);

}  // namespace frugal::harness
