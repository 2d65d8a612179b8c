// Where local copies of data sets are looked for, and where fetched ones go.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace frugal::harness {

/// Each `given` (--data-dir), then FRUGAL_DATA (colon separated), then data_cache_dir(): the first match wins. Each
/// folder is there once.
std::vector<std::filesystem::path> data_dirs_from(const std::vector<std::string>& given);

/// Adds a folder at the end; false, and nothing, where the list has it, by this path or another.
bool add_data_dir(std::vector<std::filesystem::path>& dirs, const std::filesystem::path& folder);

/// $XDG_CACHE_HOME/frugal, or ~/.cache/frugal.
std::filesystem::path data_cache_dir();

}  // namespace frugal::harness
