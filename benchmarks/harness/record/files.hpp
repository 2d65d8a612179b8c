// Reading the two files of a run folder, shared by the loader and the store.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Throws UserError at `place`.
Json parse_json(std::string_view text, const Place& place);

/// folder/run.json.
Provenance load_provenance(const std::filesystem::path& folder);

/// The lines of a cells.jsonl: the last record of each id, in order of first appearance. Text after the last newline is
/// ignored: a crash while writing left it.
std::vector<CellRecord> parse_records(std::string_view text, const std::string& file);

}  // namespace frugal::harness
