// A run in the place of another: a new baseline.
#pragma once
#include <filesystem>

namespace frugal::harness {

/// Puts run.json and cells.jsonl of `from` in the place of those of `to`, a folder that is made where it is missing.
/// Whatever it throws before they are on the disk of `to`, and a full disk is among it, leaves `to` as it was. A crash
/// later may leave run.json alone, which no reader takes for a run; never the run.json of one run beside the records of
/// another. Throws UserError when `from` cannot be read, OutputError.
void replace_run(const std::filesystem::path& from, const std::filesystem::path& to);

/// Is this what such a crash left? Replaced again it is whole.
bool is_half_replaced(const std::filesystem::path& folder);

}  // namespace frugal::harness
