// Which ratings count.
#pragma once
#include "datasets/interactions/interactions.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::data {

/// Drops ratings below `min_rating` (0: none, negative ones neither), then, until nothing changes, users and items with
/// fewer than `core` ratings (the k-core). Users and items that are left get new dense indices in the old order. Throws
/// UserError when nothing is left. Of several ranks each has the ratings of its own users.
Ratings filter_ratings(Ratings ratings, double min_rating, int core, Communicator& ranks = alone());

}  // namespace frugal::data
