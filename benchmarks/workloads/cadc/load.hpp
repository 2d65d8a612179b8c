// What a cell learns from and is tested on, by all ranks that it has.
#pragma once
#include <filesystem>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::workloads {

/// Rank 0: as data::load_split(), each rank its part. Under early stopping with what it watches.
data::Split load_split_of(const harness::Cell& cell, const std::vector<std::filesystem::path>& data_dirs);

/// Another rank: its part of the training interactions, as rank 0 asks for it.
PackedPairs load_part_of_split(const Json& request, Communicator& ranks);

}  // namespace frugal::workloads
