// Ratings as MovieLens and Epinions publish them, one a line. The readers are strict: a line that does not fit is a
// UserError at file:line:column.
#pragma once
#include <cstdint>
#include <filesystem>

#include "datasets/formats/text_writer.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// MovieLens 100K `u.data`: USER<TAB>ITEM<TAB>RATING<TAB>TIME, ratings 1 to 5.
Ratings read_movielens_tab(const std::filesystem::path& path);

/// MovieLens 1M and 10M `ratings.dat`: USER::ITEM::RATING::TIME, or without the time, ratings 0.5 to 5.
Ratings read_movielens_colons(const std::filesystem::path& path);

/// MovieLens 20M and later `ratings.csv`: a header `userId,movieId,rating,timestamp`, then rows.
Ratings read_movielens_csv(const std::filesystem::path& path);

/// Epinions as Tang et al. publish it, as text: USER ITEM CATEGORY RATING HELPFULNESS TIME, tab separated. Repeated
/// pairs are merged (the latest counts, of one time the highest) and counted.
Ratings read_epinions_tang(const std::filesystem::path& path);

/// Epinions as Massa and Avesani publish it: USER ITEM RATING, blank separated, `#` lines are comments. Repeated pairs
/// are merged (the highest counts) and counted.
Ratings read_epinions_massa(const std::filesystem::path& path);

/// MovieLens' three forms.
enum class MovieLensForm { tab, colons, csv };

/// Writes ratings in one of them; the file gets its name at finish(). Throws UserError when it cannot be written.
class MovieLensWriter {
 public:
  MovieLensWriter(const std::filesystem::path& path, MovieLensForm form);

  /// user, item: ids, from 1. time: seconds since 1970.
  void add(std::uint32_t user, std::uint32_t item, int rating, std::int64_t time);
  void finish() { file_.finish(); }

 private:
  TextWriter file_;
  MovieLensForm form_;
};

}  // namespace frugal::data
