// The settings of a factorisation, stage 1 of whatever needs one.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "impl/common/specs.hpp"

namespace frugal::workloads {

/// "mf.solver", "mf.epochs" and what the solvers need; all but the dimension. solver, epochs: defaults.
std::vector<ParamSpec> mf_params(const std::string& solver, int epochs);

/// mf: the values of mf_params(), below "mf".
MfSpec mf_spec(const Json& mf, int dim, std::uint32_t users, std::uint32_t items, std::uint64_t seed);

}  // namespace frugal::workloads
