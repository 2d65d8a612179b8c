// Ratings that come in several files, as train, validation and test.
#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "datasets/formats/ratings.hpp"

namespace frugal::data {

/// The files one by one, of one form, each with the users and items of all of them, their times in one unit. Throws
/// UserError as read_ratings(), and for a pair that two files have.
std::vector<Ratings> read_ratings_parts(std::span<const std::filesystem::path> paths, const RatingsForm& form);

}  // namespace frugal::data
