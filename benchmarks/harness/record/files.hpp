// The two files of a run folder, shared by the loader, the store and the merge.
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

/// A record as a line of cells.jsonl, with its newline.
std::string record_line(const CellRecord& record);

/// The list of ids under a key of run.json's plan ("stale", "cells"); empty where there is none. Throws UserError.
std::vector<std::string> plan_ids(const Provenance& provenance, const std::filesystem::path& folder, const char* key);

/// What run.json says of the records: stale cells and disowned times are left out, and the plan's order is kept. Throws
/// UserError.
void apply_provenance(Run& run);

}  // namespace frugal::harness
