// Where the files of a data set lie on this machine.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/catalog/manifest.hpp"

namespace frugal::data {

/// The file below the first data directory that has it, as it is or compressed beside its name (ratings.csv.gz), or
/// nullopt.
std::optional<std::filesystem::path> locate(const ManifestFile& file,
                                            const std::vector<std::filesystem::path>& data_dirs);

/// All files of a manifest, or UnavailableError naming what is missing, where it was looked for, and the command.
std::vector<std::filesystem::path> locate_all(const Manifest& manifest,
                                              const std::vector<std::filesystem::path>& data_dirs);

/// One file of a manifest, or UnavailableError as locate_all().
std::filesystem::path locate_one(const Manifest& manifest, const ManifestFile& file,
                                 const std::vector<std::filesystem::path>& data_dirs);

/// The file of a set of signals: by path, name or stem; else, of a picture that comes at several sizes
/// (ManifestFile::size), the one of this size ("lake" at 128: lake_128.png), or the largest. An empty `image` stands for
/// the one file, or the one picture, that there is. Throws UserError when the manifest has no such file, or several that
/// may be meant.
const ManifestFile& choose_picture(const Manifest& manifest, const std::string& image, int size);

}  // namespace frugal::data
