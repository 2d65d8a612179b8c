#include "datasets/formats/ratings.hpp"

#include <limits>

#include "datasets/formats/lines.hpp"
#include "datasets/formats/ratings_builder.hpp"

namespace frugal::data {
namespace {

constexpr std::string_view csv_header = "userId,movieId,rating,timestamp";
constexpr std::uint32_t largest_id = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t latest_time = 4'102'444'800;  // the year 2100: a larger one is milliseconds or a wrong column

std::uint32_t take_rating_id(Fields& fields, std::string_view what) { return fields.take_id(what, 1, largest_id); }
std::int64_t take_seconds(Fields& fields) {
  return fields.take_integer("a time in seconds since 1970", 0, latest_time);
}

}  // namespace

Ratings read_movielens_tab(const std::filesystem::path& path) {
  LineReader reader(path);
  RatingsBuilder builder;
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER<TAB>ITEM<TAB>RATING<TAB>TIME");
    const std::uint32_t user = take_rating_id(fields, "a user id");
    fields.take("\t");
    const std::uint32_t item = take_rating_id(fields, "an item id");
    fields.take("\t");
    const double rating = fields.take_real("a rating", 1, 5);
    fields.take("\t");
    const std::int64_t time = take_seconds(fields);
    fields.take_end();
    builder.add(user, item, rating, time, reader.line_number());
  }
  return builder.finish(reader.file(), true, Duplicates::error);
}

Ratings read_movielens_colons(const std::filesystem::path& path) {
  LineReader reader(path);
  RatingsBuilder builder;
  bool timed = true;
  for (std::string_view line; reader.next(line);) {
    const bool first = reader.line_number() == 1;
    Fields fields(reader, line, timed ? "USER::ITEM::RATING::TIME" : "USER::ITEM::RATING (as the first line)");
    const std::uint32_t user = take_rating_id(fields, "a user id");
    fields.take("::");
    const std::uint32_t item = take_rating_id(fields, "an item id");
    fields.take("::");
    const double rating = fields.take_real("a rating", 0.5, 5);
    if (first && fields.at_end()) timed = false;
    std::int64_t time = 0;
    if (timed) {
      fields.take("::");
      time = take_seconds(fields);
    }
    fields.take_end();
    builder.add(user, item, rating, time, reader.line_number());
  }
  return builder.finish(reader.file(), timed, Duplicates::error);
}

Ratings read_movielens_csv(const std::filesystem::path& path) {
  LineReader reader(path);
  RatingsBuilder builder;
  std::string_view line;
  if (!reader.next(line)) throw UserError({reader.file()}, "this file is empty");
  if (line != csv_header) {
    throw UserError({reader.file(), 1}, "expected the header '" + std::string(csv_header) + "', got " + quoted(line));
  }
  while (reader.next(line)) {
    Fields fields(reader, line, csv_header);
    const std::uint32_t user = take_rating_id(fields, "a user id");
    fields.take(",");
    const std::uint32_t item = take_rating_id(fields, "an item id");
    fields.take(",");
    const double rating = fields.take_real("a rating", 0.5, 5);
    fields.take(",");
    const std::int64_t time = take_seconds(fields);
    fields.take_end();
    builder.add(user, item, rating, time, reader.line_number());
  }
  return builder.finish(reader.file(), true, Duplicates::error);
}

Ratings read_epinions_tang(const std::filesystem::path& path) {
  LineReader reader(path);
  RatingsBuilder builder;
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER<TAB>ITEM<TAB>CATEGORY<TAB>RATING<TAB>HELPFULNESS<TAB>TIME");
    const std::uint32_t user = take_rating_id(fields, "a user id");
    fields.take("\t");
    const std::uint32_t item = take_rating_id(fields, "an item id");
    fields.take("\t");
    fields.take_integer("a category", 0, largest_id);
    fields.take("\t");
    const double rating = fields.take_real("a rating", 0, 5);
    fields.take("\t");
    fields.take_real("a helpfulness", 0, 5);
    fields.take("\t");
    const std::int64_t time = take_seconds(fields);
    fields.take_end();
    builder.add(user, item, rating, time, reader.line_number());
  }
  return builder.finish(reader.file(), true, Duplicates::merge);
}

Ratings read_epinions_massa(const std::filesystem::path& path) {
  LineReader reader(path);
  RatingsBuilder builder;
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER ITEM RATING");
    fields.skip_blanks();
    if (fields.starts_with("#")) {
      fields.take(fields.rest());
      fields.take_end();
      continue;
    }
    const std::uint32_t user = take_rating_id(fields, "a user id");
    fields.take_blanks();
    const std::uint32_t item = take_rating_id(fields, "an item id");
    fields.take_blanks();
    const double rating = fields.take_real("a rating", 1, 5);
    fields.skip_blanks();
    fields.take_end();
    builder.add(user, item, rating, 0, reader.line_number());
  }
  return builder.finish(reader.file(), false, Duplicates::merge);
}

MovieLensWriter::MovieLensWriter(const std::filesystem::path& path, MovieLensForm form) : file_(path), form_(form) {
  if (form == MovieLensForm::csv) file_.print(FMT_COMPILE("{}\n"), csv_header);
}

void MovieLensWriter::add(std::uint32_t user, std::uint32_t item, int rating, std::int64_t time) {
  switch (form_) {
    case MovieLensForm::tab:
      return file_.print(FMT_COMPILE("{}\t{}\t{}\t{}\n"), user, item, rating, time);
    case MovieLensForm::colons:
      return file_.print(FMT_COMPILE("{}::{}::{}::{}\n"), user, item, rating, time);
    case MovieLensForm::csv:
      return file_.print(FMT_COMPILE("{},{},{},{}\n"), user, item, rating, time);
  }
}

}  // namespace frugal::data
