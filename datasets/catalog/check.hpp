// Is a local file of a manifest the published one?
#pragma once
#include <filesystem>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "impl/base/published_file.hpp"

namespace frugal::data {

using frugal::FileCheck;
using frugal::FileState;

/// What the manifest says of the file.
PublishedFile published(const ManifestFile& file);

/// The same of what locate() found, which may be a compressed form: it is a published one where it unpacks to that.
PublishedFile published(const ManifestFile& file, const std::filesystem::path& path);

/// Compares the file below the first data directory that has it.
FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
