// The seconds of a stage of a cell, over its repeats.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// One sample a repeat; "total": of all stages together. Empty when the stage was not run.
std::vector<double> stage_samples(const CellRecord& record, std::string_view stage);

/// Their median; nothing when there is none.
std::optional<double> stage_seconds(const CellRecord& record, std::string_view stage);

}  // namespace frugal::harness
