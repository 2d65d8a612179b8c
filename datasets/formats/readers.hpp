// One reader per file format. All are strict: a line that does not fit is a UserError at file:line:column.
#pragma once
#include <cstdint>
#include <filesystem>

#include "datasets/clicks/clicks.hpp"
#include "datasets/interactions/attributes.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// MovieLens 100K `u.data`: USER<TAB>ITEM<TAB>RATING<TAB>TIME, ratings 1 to 5.
Ratings read_movielens_tab(const std::filesystem::path& path);

/// MovieLens 1M and 10M `ratings.dat`: USER::ITEM::RATING::TIME, or without the time, ratings 0.5 to 5.
Ratings read_movielens_colons(const std::filesystem::path& path);

/// MovieLens 20M and later `ratings.csv`: a header `userId,movieId,rating,timestamp`, then rows.
Ratings read_movielens_csv(const std::filesystem::path& path);

/// Epinions as Tang et al. publish it, as text: USER ITEM CATEGORY RATING HELPFULNESS TIME, tab separated. Repeated
/// pairs are merged (the last one wins) and counted.
Ratings read_epinions_tang(const std::filesystem::path& path);

/// Epinions as Massa and Avesani publish it: USER ITEM RATING, blank separated, `#` lines are comments. Repeated pairs
/// are merged and counted.
Ratings read_epinions_massa(const std::filesystem::path& path);

/// The split of He et al. 2017 (neural collaborative filtering): train and held-out files of USER<TAB>ITEM<TAB>RATING
/// <TAB>TIME, and negatives as "(USER,ITEM)<TAB>NEGATIVE<TAB>...", line for line with the held-out file. Ids are dense
/// already and are kept. Throws UserError when the three files contradict each other.
Split read_ncf(const std::filesystem::path& train, const std::filesystem::path& held_out,
               const std::filesystem::path& negatives);

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

/// Criteo: LABEL, 13 integers, 26 hexadecimal values, tab separated, each possibly empty. A dense value x becomes
/// log(1 + max(x, 0)), an empty one 0. A categorical value is hashed into 1..rows_per_table-1; row 0 is "empty".
/// At most `examples` lines are read; 0: all.
Clicks read_criteo(const std::filesystem::path& path, std::uint32_t rows_per_table, std::uint64_t examples);

}  // namespace frugal::data
