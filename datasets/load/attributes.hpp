// Attributes of users and items, by the name of the data set they belong to.
#pragma once
#include <filesystem>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "datasets/interactions/attributes.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

/// The manifest of a data set's attributes, or null when it has none. Nothing is read.
const Manifest* attributes_manifest(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs);

/// The attributes of a data set's users and items. Throws UserError for a data set without any or for an entity that
/// its files do not list, UnavailableError with the command that would fetch missing files.
SideAttributes load_attributes(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs,
                               const Population& population);

}  // namespace frugal::data
