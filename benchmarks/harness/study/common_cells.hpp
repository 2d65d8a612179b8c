// Why two runs have no cell in common.
#pragma once
#include <span>
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// The settings whose values are all others in `b` than in `a`, with these: "params.inr.learning_rate is 0.0001 in A and
/// 5e-05 in B; seed is 1, 2 in A and 3 in B", of many the first three; empty where there is none. `a_name` and `b_name`
/// stand for A and B.
std::string settings_apart(std::span<const CellRecord> a, const std::string& a_name, std::span<const CellRecord> b,
                           const std::string& b_name);

}  // namespace frugal::harness
