// Getting a data set: a download, a PyPI wheel or a Debian package, checked against its manifest.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "datasets/catalog/manifest.hpp"

namespace frugal::data {

/// Brings every file of the manifest that is not yet in `folder` there. Nothing half-written or of a wrong hash ever
/// gets its final name, and nothing that lies in the place of a file is replaced. `say` gets one line per step. Throws
/// UnavailableError, with what to do by hand, when no source answers; UserError when what came does not match, or other
/// content lies there.
void fetch(const Manifest& manifest, const std::filesystem::path& folder,
           const std::function<void(const std::string&)>& say);

}  // namespace frugal::data
