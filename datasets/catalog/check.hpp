// Is a local file the published one?
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalog/manifest.hpp"

namespace frugal::data {

/// What comparing a local file with its manifest says.
enum class FileState { good, missing, wrong_size, wrong_hash, size_only };
struct FileCheck {
  FileState state = FileState::missing;
  std::filesystem::path path;  ///< empty when missing
  std::string detail;          ///< one line: which hash agreed, or both values
};

/// Hashes one file of a manifest. `size_only`: no hash is published, and the size agrees or is unknown too.
FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
