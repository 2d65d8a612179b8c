// Reading the two files of a run folder, shared by the loader and the store.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// folder/run.json.
Provenance load_provenance(const std::filesystem::path& folder);

/// The lines of a cells.jsonl: the last record of each id, in order of first appearance. Text after the last newline is
/// ignored: a crash while writing left it.
std::vector<CellRecord> parse_records(std::string_view text, const std::string& file);

/// What run.json says of the records: stale cells and disowned times are left out, and the plan's order is kept. Throws
/// UserError.
void apply_provenance(Run& run);

}  // namespace frugal::harness
