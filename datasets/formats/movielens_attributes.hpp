// Who MovieLens' users are and what its movies are about. The readers are strict: a line that does not fit is a
// UserError at file:line:column.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/interactions/attributes.hpp"

namespace frugal::data {

/// MovieLens 1M `users.dat`: USER::F|M::AGE::OCCUPATION::ZIP; attributes gender, age (7 groups), occupation (21 codes).
AttributeTable read_movielens_users(const std::filesystem::path& path);

/// MovieLens 1M `movies.dat`: MOVIE::TITLE (YEAR)::GENRE|GENRE|...; attributes genres (18), decade (of the title's
/// year).
AttributeTable read_movielens_movies(const std::filesystem::path& path);

/// MovieLens 100K `u.user`: USER|AGE|GENDER|OCCUPATION|ZIP; the same attributes, ages in MovieLens 1M's groups.
AttributeTable read_movielens_100k_users(const std::filesystem::path& path);

/// MovieLens 100K `u.item`: ITEM|TITLE|DATE|VIDEO DATE|URL|19 flags; the same attributes as `movies.dat`, the decade of
/// the release date. Unknown genre and an empty date are no category.
AttributeTable read_movielens_100k_items(const std::filesystem::path& path);

/// Original ids by dense index, lines INDEX<TAB>ID. Throws UserError unless there are `items` of them.
std::vector<std::string> read_item_ids(const std::filesystem::path& path, std::uint32_t items);

}  // namespace frugal::data
