// Titles are Latin-1: taken as bytes, not shown.
#include "datasets/formats/movielens_attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <unordered_set>

#include "datasets/formats/lines.hpp"

namespace frugal::data {
namespace {

constexpr std::uint32_t largest_entity_id = std::numeric_limits<std::int32_t>::max();

/// MovieLens 1M's codes are the least age of each group.
constexpr std::array ages = {1, 18, 25, 35, 45, 50, 56};
constexpr std::array genders = {"F", "M"};
constexpr std::array genres = {"Action",      "Adventure", "Animation", "Children's", "Comedy", "Crime",
                               "Documentary", "Drama",     "Fantasy",   "Film-Noir",  "Horror", "Musical",
                               "Mystery",     "Romance",   "Sci-Fi",    "Thriller",   "War",    "Western"};
constexpr std::array occupations_100k = {
    "administrator", "artist",    "doctor",   "educator",  "engineer",  "entertainment", "executive",
    "healthcare",    "homemaker", "lawyer",   "librarian", "marketing", "none",          "other",
    "programmer",    "retired",   "salesman", "scientist", "student",   "technician",    "writer"};
constexpr std::uint32_t occupations_1m = 21;
constexpr int first_year = 1900;
constexpr int last_year = 2009;

template <class Words>
std::vector<std::string> words(const Words& list) {
  std::vector<std::string> all;
  all.reserve(std::size(list));
  for (const auto& word : list) all.push_back(fmt::to_string(word));
  return all;
}

std::vector<std::string> decades() {
  std::vector<std::string> all;
  for (int year = first_year; year < last_year; year += 10) all.push_back(fmt::format("{}s", year));
  return all;
}

AttributeTable empty_users(std::vector<std::string> occupations) {
  return {.file = {},
          .ids = {},
          .attributes = {
              {"gender", words(genders), {}}, {"age", words(ages), {}}, {"occupation", std::move(occupations), {}}}};
}

AttributeTable empty_items() {
  return {.file = {}, .ids = {}, .attributes = {{"genres", words(genres), {}}, {"decade", decades(), {}}}};
}

/// The text before the next `separator`, and the separator.
std::string_view take_text(Fields& fields, std::string_view what, std::string_view separator) {
  const std::size_t end = fields.rest().find(separator);
  if (end == 0 || end == std::string_view::npos) fields.fail(fmt::format("{}, then '{}'", what, separator));
  const std::string_view text = fields.rest().substr(0, end);
  fields.take(text);
  fields.take(separator);
  return text;
}

/// One of the words, which must be followed by `separator` (or, empty, by the end of the line).
template <class Words>
std::uint32_t take_word(Fields& fields, const std::string& what, const Words& list, std::string_view separator) {
  const std::size_t end = separator.empty() ? std::string_view::npos : fields.rest().find(separator);
  const std::string_view text = fields.rest().substr(0, end);
  const auto found = std::find(list.begin(), list.end(), text);
  if (found == list.end()) fields.fail(what);
  fields.take(text);
  if (!separator.empty()) fields.take(separator);
  return static_cast<std::uint32_t>(found - list.begin());
}

std::uint32_t age_group(std::int64_t age) {
  const auto above = std::upper_bound(ages.begin(), ages.end(), age);
  return static_cast<std::uint32_t>(above - ages.begin()) - 1;
}

std::uint32_t decade_of(int year) { return static_cast<std::uint32_t>((year - first_year) / 10); }

/// Adds rows of categories and keeps the ids distinct.
class TableBuilder {
 public:
  TableBuilder(AttributeTable table, const LineReader& reader) : table_(std::move(table)), reader_(reader) {
    table_.file = reader.file();
  }
  void add(const Fields& fields, std::uint32_t id, const std::vector<std::vector<std::uint32_t>>& row) {
    if (!known_.insert(id).second) fields.reject(fmt::format("id {} is described twice", id));
    table_.ids.push_back(id);
    for (std::size_t a = 0; a < row.size(); ++a) table_.attributes[a].of.push_back(row[a]);
  }
  AttributeTable finish() {
    if (table_.ids.empty()) throw UserError({reader_.file()}, "this file describes nobody");
    return std::move(table_);
  }

 private:
  AttributeTable table_;
  const LineReader& reader_;
  std::unordered_set<std::uint32_t> known_;
};

/// "GENRE|GENRE|..." up to the end of the line.
std::vector<std::uint32_t> take_genres(Fields& fields) {
  std::vector<std::uint32_t> all;
  for (bool more = true; more;) {
    more = fields.rest().find('|') != std::string_view::npos;
    const std::uint32_t genre = take_word(fields, "a MovieLens genre", genres, more ? "|" : "");
    if (std::ranges::find(all, genre) != all.end()) fields.reject(fmt::format("genre {} comes twice", genres[genre]));
    all.push_back(genre);
  }
  return all;
}

/// The year in the "(YYYY)" that a title ends with.
int year_of_title(const Fields& fields, std::string_view title) {
  int year = 0;
  if (title.size() >= 6 && title.back() == ')' && title[title.size() - 6] == '(')
    std::from_chars(title.data() + title.size() - 5, title.data() + title.size() - 1, year);
  if (year < first_year || year > last_year)
    fields.reject(fmt::format("the title must end in a year from {} to {} in brackets", first_year, last_year));
  return year;
}

}  // namespace

AttributeTable read_movielens_users(const std::filesystem::path& path) {
  LineReader reader(path);
  std::vector<std::string> occupations;
  for (std::uint32_t code = 0; code < occupations_1m; ++code) occupations.push_back(std::to_string(code));
  TableBuilder builder(empty_users(occupations), reader);
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER::F|M::AGE::OCCUPATION::ZIP");
    const std::uint32_t id = fields.take_id("a user id", 1, largest_entity_id);
    fields.take("::");
    const std::uint32_t gender = take_word(fields, "a gender, F or M", genders, "::");
    const std::uint32_t age = take_word(fields, "an age group: 1, 18, 25, 35, 45, 50 or 56", words(ages), "::");
    const std::uint32_t occupation = fields.take_id("an occupation code", 0, occupations_1m - 1);
    fields.take("::");
    if (fields.at_end()) fields.fail("a zip code");
    fields.take(fields.rest());
    fields.take_end();
    builder.add(fields, id, {{gender}, {age}, {occupation}});
  }
  return builder.finish();
}

AttributeTable read_movielens_movies(const std::filesystem::path& path) {
  LineReader reader(path);
  TableBuilder builder(empty_items(), reader);
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "MOVIE::TITLE (YEAR)::GENRE|GENRE|...");
    const std::uint32_t id = fields.take_id("a movie id", 1, largest_entity_id);
    fields.take("::");
    const int year = year_of_title(fields, take_text(fields, "a title", "::"));
    std::vector<std::uint32_t> of_movie = take_genres(fields);
    fields.take_end();
    builder.add(fields, id, {std::move(of_movie), {decade_of(year)}});
  }
  return builder.finish();
}

AttributeTable read_movielens_100k_users(const std::filesystem::path& path) {
  LineReader reader(path);
  TableBuilder builder(empty_users(words(occupations_100k)), reader);
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER|AGE|F or M|OCCUPATION|ZIP");
    const std::uint32_t id = fields.take_id("a user id", 1, largest_entity_id);
    fields.take("|");
    const std::uint32_t age = age_group(fields.take_integer("an age in years", 1, 150));
    fields.take("|");
    const std::uint32_t gender = take_word(fields, "a gender, F or M", genders, "|");
    const std::uint32_t occupation = take_word(fields, "an occupation of u.occupation", occupations_100k, "|");
    if (fields.at_end()) fields.fail("a zip code");
    fields.take(fields.rest());
    fields.take_end();
    builder.add(fields, id, {{gender}, {age}, {occupation}});
  }
  return builder.finish();
}

AttributeTable read_movielens_100k_items(const std::filesystem::path& path) {
  LineReader reader(path);
  TableBuilder builder(empty_items(), reader);
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "ITEM|TITLE|DAY-MONTH-YEAR|VIDEO DATE|URL|19 flags: unknown, then the genres by name");
    const std::uint32_t id = fields.take_id("an item id", 1, largest_entity_id);
    fields.take("|");
    take_text(fields, "a title", "|");
    std::vector<std::uint32_t> decade;  // one item has no date
    if (!fields.starts_with("|")) {
      const std::string_view date = fields.rest().substr(0, fields.rest().find('|'));
      int year = 0;
      if (date.size() > 4) std::from_chars(date.data() + date.size() - 4, date.data() + date.size(), year);
      if (year < first_year || year > last_year)
        fields.fail(fmt::format("a date that ends in a year from {} to {}, or none", first_year, last_year));
      decade.push_back(decade_of(year));
      fields.take(date);
    }
    fields.take("|");
    for (const char* unused : {"a video release date or none", "a URL or none"}) {
      const std::size_t end = fields.rest().find('|');
      if (end == std::string_view::npos) fields.fail(fmt::format("{}, then '|'", unused));
      fields.take(fields.rest().substr(0, end));
      fields.take("|");
    }
    std::vector<std::uint32_t> of_item;
    const bool unknown = fields.take_integer("a flag", 0, 1) == 1;
    for (std::uint32_t genre = 0; genre < genres.size(); ++genre) {
      fields.take("|");
      if (fields.take_integer("a flag", 0, 1) == 1) of_item.push_back(genre);
    }
    if (unknown && !of_item.empty()) fields.reject("an item of unknown genre has a genre");
    fields.take_end();
    builder.add(fields, id, {std::move(of_item), std::move(decade)});
  }
  return builder.finish();
}

std::vector<std::string> read_item_ids(const std::filesystem::path& path, std::uint32_t items) {
  LineReader reader(path);
  std::vector<std::string> ids;
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "INDEX<TAB>ID, the indices 0, 1, 2, ...");
    const auto index = static_cast<std::uint32_t>(ids.size());
    fields.take_id("the next index", index, index);
    fields.take("\t");
    ids.push_back(std::to_string(fields.take_id("an item id", 1, largest_entity_id)));
    fields.take_end();
  }
  if (ids.size() != items)
    throw UserError({reader.file()}, fmt::format("{} items here, but {} in the interactions", ids.size(), items));
  return ids;
}

}  // namespace frugal::data
