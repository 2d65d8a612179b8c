// A manifest for the tools that read Croissant.
#pragma once
#include <string>

#include "datasets/catalog/manifest.hpp"

namespace frugal::data {

/// The data set in Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html), JSON-LD: where its files
/// are to be had, their hashes, its licence, and the columns of a table whose header names them.
std::string to_croissant(const Manifest& manifest);

}  // namespace frugal::data
