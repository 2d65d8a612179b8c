// Interactions, split into what is trained and what is tested on, by the name of their data set.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "datasets/interactions/interactions.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

/// What load_split() makes of ratings that are read, by the parameters of this complete data set. Throws UserError.
Split split_by_rule(Ratings ratings, const Json& dataset, std::uint64_t seed);

/// A data set for `cadc`; dataset: complete (complete_dataset()). Throws UserError for a data set of another kind or a
/// bad file, UnavailableError with the command that would fetch it when no data directory holds it. tested_users: as for
/// keep_tested_users().
Split load_split(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed,
                 std::uint64_t tested_users = 0);

/// Will load_split() give a chronological split? Nothing is read but the first lines of a user's own file. Throws
/// UserError where these make no sense.
bool has_times(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
