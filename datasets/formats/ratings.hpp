// Ratings as text, one a line: of users, of items, by whatever names, in whatever columns. MovieLens' and Epinions' forms
// are settings of this reader (datasets/manifests).
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "datasets/formats/ratings_builder.hpp"
#include "datasets/formats/table.hpp"
#include "datasets/formats/text_writer.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// What a strict form takes: ids from 1, times from 0. A later time than the year 2100 is milliseconds or a wrong column.
inline constexpr std::int64_t largest_strict_id = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t latest_strict_time = 4'102'444'800;
/// Of either sign; beyond it a float would overflow.
inline constexpr double largest_rating = 1e30;

struct RatingsForm : TableForm {
  // Columns, by name or by number from 1. Empty: found by their names, or by what they hold; "none": there is none.
  std::string user{};
  std::string item{};
  std::string rating{};  ///< without one every interaction counts 1
  std::string time{};
  Duplicates duplicates = Duplicates::last;
  double least_rating = -largest_rating;
  double most_rating = largest_rating;
};

/// The parameters that RatingsForm is read from: those of a table, columns.user and so on, duplicates.
std::vector<ParamSpec> ratings_params();
/// The same and what only a manifest says of a published file: strict (ids are positive numbers of 31 bits and times are
/// seconds since 1970; and see TableForm), ratings.least, ratings.most.
std::vector<ParamSpec> published_ratings_params();
RatingsForm ratings_form(const Json& params);

/// What a file's columns are taken for.
struct RatingsLayout : TableLayout {
  std::size_t user = 0;
  std::size_t item = 0;
  std::optional<std::size_t> rating{};
  std::optional<std::size_t> time{};

  /// "user = member, item = film, rating = stars, time = when".
  std::string roles() const;
};

/// ratings_params() with nothing left to guess, out of those that a layout was found with: for a manifest.
Json settled_params(const Json& params, const RatingsLayout& layout);

/// From the file's first lines. Throws UserError for a file that cannot be read or whose columns cannot be told apart.
RatingsLayout ratings_layout(const std::filesystem::path& path, const RatingsForm& form);

/// All ratings of a file. A time is a whole number in any unit, a decimal number, or an ISO 8601 date. Throws UserError, at
/// file:line:column for a line that does not fit.
Ratings read_ratings(const std::filesystem::path& path, const RatingsForm& form);

/// The same by several ranks, each of which reads a part of the file and gets the ratings of its own users
/// (RatingsBuilder::finish()). Nothing: it cannot be cut, because it is compressed, small, or has rows of several lines.
std::optional<Ratings> read_ratings(const std::filesystem::path& path, const RatingsForm& form, Communicator& ranks);

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
