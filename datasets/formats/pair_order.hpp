// Rows of ratings in order of their pairs.
#pragma once
#include <cstdint>
#include <vector>

#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// Sorts by user, then item; the rows of one pair keep their order. users, items: as many indices as there are. Takes time
/// in proportion to the rows, hardly any where they are in order, and a second copy of them unless they are in order of
/// the users.
void sort_by_pair(std::vector<Rating>& rows, std::uint32_t users, std::uint32_t items);

}  // namespace frugal::data
