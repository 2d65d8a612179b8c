// Uniform sampling of the training interactions: stage 2's diet.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/specs.hpp"

namespace frugal::workloads {

/// Keeps round(fraction * n) interactions, at least 1, uniformly without replacement, in their order. For one seed the
/// samples are nested: what is kept at 0.1 is kept at 0.2.
std::vector<Interaction> keep_uniform(std::span<const Interaction> interactions, double fraction, std::uint64_t seed);

}  // namespace frugal::workloads
