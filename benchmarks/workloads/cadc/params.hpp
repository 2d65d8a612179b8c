// What a plan may set for `cadc`, and the models' specs that follow from it.
#pragma once
#include <cstdint>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "impl/common/specs.hpp"

namespace frugal::workloads {

std::vector<ParamSpec> cadc_params();

MfSpec mf_spec(const harness::Cell& cell, std::uint32_t users, std::uint32_t items);
TwoTowerSpec two_tower_spec(const harness::Cell& cell, std::uint32_t users, std::uint32_t items);

/// Does the cell train a factorisation?
bool uses_mf(const harness::Cell& cell);

/// Does it make embeddings of all interactions, by that or in closed form?
bool has_stage_one(const harness::Cell& cell);

/// Why towers of these widths cannot start as the identity (tower.init), or empty.
std::string why_no_identity(const TwoTowerSpec& spec);

}  // namespace frugal::workloads
