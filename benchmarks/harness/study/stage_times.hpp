// The seconds of a stage of a cell, and what else it used, over its repeats.
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

/// A quantity of one sample; nothing where it was not read.
using UseQuantity = std::optional<double> (*)(const StageUse& use);
std::optional<double> cpu_seconds(const StageUse& use);
std::optional<double> counted_instructions(const StageUse& use);
/// Of processors and device together, those of them that count it.
std::optional<double> all_joules(const StageUse& use);

/// Of the rank that has most: StageUse.
std::optional<double> rank_cpu_seconds(const StageUse& use);
std::optional<double> rank_bytes(const StageUse& use);
std::optional<double> rank_messages(const StageUse& use);

/// A quantity of each repeat, of "total" of all stages together; nothing in those that lack it.
std::vector<std::optional<double>> use_samples(const CellRecord& record, std::string_view stage, UseQuantity quantity);

/// The median of a quantity over the repeats; of "total" that of all stages together, those that have it. Nothing where
/// no stage has.
std::optional<double> stage_use(const CellRecord& record, std::string_view stage, UseQuantity quantity);

}  // namespace frugal::harness
