// Ratings of a manifest, by its reader.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/ratings_builder.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// Throws UserError for a bad file, UnavailableError with the command that would fetch it when it is not here.
Ratings load_ratings(const Manifest& manifest, const std::vector<std::filesystem::path>& data_dirs);
/// Of a manifest whose split is given: train, validation and test.
std::vector<Ratings> load_rating_parts(const Manifest& manifest, const std::vector<std::filesystem::path>& data_dirs);

/// For a protocol: "; 3 repeated pairs merged (last)", or nothing where none were.
std::string merged_words(std::uint64_t merged, Duplicates rule);

/// The manifest of a data set of this kind. Throws UserError when that is of another kind, or generated.
const Manifest& manifest_of_kind(std::string_view name, Kind kind, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
