// Interactions, split into what is trained and what is tested on, by the name of their data set.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "datasets/interactions/interactions.hpp"
#include "impl/base/document.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::data {

/// What load_split() makes of ratings that are read, by the parameters of this complete data set. Throws UserError.
/// Of several ranks each splits the ratings of its own users (split_ratings()).
Split split_by_rule(Ratings ratings, const Json& dataset, std::uint64_t seed, Communicator& ranks = alone());

struct SplitWishes {
  std::uint64_t tested_users = 0;  ///< as for keep_tested_users()
  bool validation = false;         ///< take_validation()
};

/// A data set for `cadc`; dataset: complete (complete_dataset()). Throws UserError for a data set of another kind or a
/// bad file, UnavailableError with the command that would fetch it when no data directory holds it.
///
/// Several ranks generate or read a part each, where the data can be cut: not where the split is by a share of all
/// ratings or given, nor where the file is compressed. Rank 0 then gets the split, with training interactions that are
/// spread over the ranks; the others get these and nothing else. Else rank 0 gets all, and the others nothing.
Split load_split(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed,
                 const SplitWishes& wishes = {}, Communicator& ranks = alone());

/// Will load_split() give a chronological split? Nothing is read but the first lines of a user's own file. Throws
/// UserError where these make no sense.
bool has_times(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
