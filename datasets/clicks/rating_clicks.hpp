// Ratings as labelled examples for `dlrm`: would this user like this item?
#pragma once
#include <cstdint>

#include "datasets/clicks/clicks.hpp"
#include "datasets/interactions/attributes.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// Ratings as examples: the label is "rated at least `label_rating`"; a random `test_fraction` is held out (Philox,
/// Purpose::split). Tables: user, item, and each attribute of one category (last row: none). Dense: log(1 + training
/// examples) of the user and of the item, and the attributes of several categories as 0/1. label_rating is on the scale of
/// the ratings; side has a row for each user and item. Throws UserError when one of the two parts would be empty.
ClickSplit clicks_from_ratings(const Ratings& ratings, const SideAttributes& side, double label_rating,
                               double test_fraction, std::uint64_t seed);

/// Of a split of ratings whose training examples have become fewer: its features "log(1 + training examples)", of the
/// test too, are those of the examples that are left.
void count_activity(ClickSplit& split);

}  // namespace frugal::data
