// A run with all that is needed to repeat it, in one folder: run.json and cells.jsonl as they are, so that every verb
// reads it as a run; plan.yaml, the plan as it was; and ro-crate-metadata.json, which tells other tools what is what: a
// Workflow Run Crate (https://w3id.org/ro/wfrun/workflow/0.5) after RO-Crate 1.1.
#pragma once
#include <filesystem>
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// The plan's file in a capsule.
inline constexpr const char* capsule_plan = "plan.yaml";

/// The metadata. `finished` is when the last record was written, as ISO 8601.
std::string crate_metadata(const Run& run, const std::string& finished);

/// "2 of the 6 cells of the plan have no record, and 1 of its 4 cells did not end well"; empty: it is whole.
std::string why_not_whole(const Run& run);

/// Writes a capsule of `run` to `folder`, which is made. Throws UserError when it is there already, or when the run has
/// no cells or does not say its plan.
void write_capsule(const Run& run, const std::filesystem::path& folder);

}  // namespace frugal::harness
