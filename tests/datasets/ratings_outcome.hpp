// All that reading a file of ratings comes to, as text to compare.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string>

#include "datasets/formats/ratings.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

/// Every bit of the ratings, or what was wrong with the file.
inline std::string ratings_outcome(const std::filesystem::path& path, const RatingsForm& form) {
  try {
    const Ratings ratings = read_ratings(path, form);
    std::string text = fmt::format("{} users {}\n{} items {}\ntimed {}, {} merged\n", ratings.users,
                                   fmt::join(ratings.user_names, "\n"), ratings.items,
                                   fmt::join(ratings.item_names, "\n"), ratings.timed, ratings.duplicates);
    for (const Rating& row : ratings.rows)
      text += fmt::format("{} {} {:a} {} {}\n", row.user, row.item, row.value, row.line, row.time);
    return text;
  } catch (const UserError& error) {
    return error.what();
  }
}

/// The same form, but every line is read by TableReader: of forms with comments none is plain. No text of a test begins
/// with these bytes.
inline RatingsForm general_form(RatingsForm form) {
  form.comment = "\x01\x02\x03";
  return form;
}

}  // namespace frugal::data
