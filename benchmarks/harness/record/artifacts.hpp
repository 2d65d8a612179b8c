// The by-products of cells, brought from one run folder to another, and what is left of cells that were stopped.
#pragma once
#include <filesystem>
#include <string>

namespace frugal::harness {

/// How the names of folders end that are not whole yet; no id, and no name of an artifact, ends so.
inline constexpr const char* unfinished_suffix = ".unfinished";

/// artifacts/<cell id> of a run folder.
std::filesystem::path artifacts_of(const std::filesystem::path& folder, const std::string& id);

/// checkpoints/<cell id> of a run folder.
std::filesystem::path checkpoints_of(const std::filesystem::path& folder, const std::string& id);

/// Removes those of a cell, and the folder of all when it was the last that had some.
void remove_checkpoints(const std::filesystem::path& folder, const std::string& id);

/// Copies the artifacts of a cell from one run folder to another, in place of any that are there. They have their name
/// only when they are whole and on the disk. Copied and not linked: a cell that runs again writes its files in place,
/// and would change both. The cell must have some. Throws UserError, OutputError.
void bring_artifacts(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& id);

/// Removes what a bring_artifacts() that was killed left in a run folder: for who has the folder's lock.
void remove_half_brought(const std::filesystem::path& folder);

}  // namespace frugal::harness
