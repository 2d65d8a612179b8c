#include "datasets/formats/ratings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "datasets/formats/plain_rows.hpp"
#include "datasets/formats/table_words.hpp"
#include "datasets/formats/times.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"
#include "impl/common/together.hpp"

namespace frugal::data {
namespace {

constexpr std::string_view csv_header = "userId,movieId,rating,timestamp";
constexpr std::string_view none = "none";

ParamSpec column_param(std::string name, std::string help) {
  return {.name = std::move(name), .type = ParamSpec::Type::column, .default_value = "", .help = std::move(help)};
}

bool all_samples(const TableLayout& layout, std::size_t column, auto&& fits) {
  return !layout.samples[column].empty() && std::ranges::all_of(layout.samples[column], fits);
}

bool holds_numbers(const TableLayout& layout, std::size_t column, const RatingsForm& form) {
  return all_samples(layout, column, [&](const std::string& text) { return is_number(text, form.decimal_comma); });
}

/// Moments: dates, or numbers too large for ratings.
bool holds_times(const TableLayout& layout, std::size_t column) {
  constexpr std::int64_t least = 100'000'000;  // seconds: the year 1973
  return all_samples(layout, column, [&](const std::string& text) {
    const std::optional<Moment> moment = read_moment(text);
    return moment && moment->whole >= least;
  });
}

/// Chooses the columns that the form leaves open.
class ColumnFinder {
 public:
  ColumnFinder(RatingsLayout& layout, const RatingsForm& form, std::string file)
      : layout_(layout), form_(form), file_(std::move(file)) {}

  void find() {
    layout_.rating = given(form_.rating, "ratings");
    layout_.time = given(form_.time, "times");
    const auto user = given(form_.user, "users");
    const auto item = given(form_.item, "items");
    layout_.user = user ? *user : required(Role::user, "user", 0);
    layout_.item = item ? *item : required(Role::item, "item", 1);
    if (layout_.user == layout_.item)
      throw UserError({file_}, fmt::format("one column, {}, cannot be of users and of items; say which is which with "
                                           "columns: {{user: ..., item: ...}}",
                                           shown(layout_.names[layout_.user])));
    if (form_.rating.empty()) layout_.rating = open_role(Role::rating);
    if (form_.time.empty()) layout_.time = open_role(Role::time);
  }

 private:
  std::optional<std::size_t> given(const std::string& column, std::string_view what) const {
    if (column.empty() || column == none) return std::nullopt;
    return layout_.find(column, what, file_);
  }

  std::size_t required(Role role, std::string_view word, std::size_t place) const {
    if (!layout_.header && layout_.columns() <= 4 && form_.user.empty() && form_.item.empty() && layout_.columns() >= 2)
      return place;
    const int named = layout_.header ? column_of_role(role, layout_.names) : -1;
    if (named >= 0) return static_cast<std::size_t>(named);
    throw UserError({file_}, fmt::format("which column holds the {}s? Say so by name or number, columns: {{user: ..., "
                                         "item: ...}}; this file has {}",
                                         word, layout_.columns_text()));
  }

  /// A column of ratings or times by its name; without a header, by what the third and fourth of at most four hold.
  std::optional<std::size_t> open_role(Role role) const {
    const auto fits = [&](std::size_t column) {
      if (column == layout_.user || column == layout_.item || column == layout_.rating || column == layout_.time)
        return false;
      const bool times = holds_times(layout_, column);
      return role == Role::time ? times : !times && holds_numbers(layout_, column, form_);
    };
    if (layout_.header) {  // what is called so is taken for it, fitting or not: nothing is left out unasked
      const int named = column_of_role(role, layout_.names);
      return named >= 0 ? std::optional(static_cast<std::size_t>(named)) : std::nullopt;
    }
    if (layout_.columns() > 4) return std::nullopt;
    for (std::size_t column = 2; column < layout_.columns(); ++column)
      if (fits(column)) return column;
    return std::nullopt;
  }

  RatingsLayout& layout_;
  const RatingsForm& form_;
  std::string file_;
};

/// "USER<TAB>ITEM<TAB>RATING", or the header.
std::string form_text(const RatingsLayout& layout) {
  if (layout.header) return shown(layout.header_line);
  std::string text;
  for (std::size_t c = 0; c < layout.columns(); ++c) {
    if (c > 0) text += layout.delimiter == "\t" ? "<TAB>" : layout.delimiter;
    text += c == layout.user     ? "USER"
            : c == layout.item   ? "ITEM"
            : c == layout.rating ? "RATING"
            : c == layout.time   ? "TIME"
                                 : fmt::format("COLUMN-{}", c + 1);
  }
  return text;
}

class RatingsReader {
 public:
  RatingsReader(const std::filesystem::path& path, const RatingsForm& form, const FilePart& part = {})
      : layout_(ratings_layout(path, form)),
        form_(form),
        table_(path, form, layout_, form_text(layout_), part),
        plain_(layout_, form),
        begins_file_(part.begin == 0) {}

  /// To the end.
  void read() {
    while (table_.next()) {
      take_row();
      if (!builder_.fine_times()) take_plain_rows();  // which have whole times
      if (!reserved_ && builder_.size() >= first_rows) reserve();
    }
  }

  /// lines_before: of the file, where it was not known yet that there are some.
  Ratings finish(int lines_before = 0, Communicator& ranks = alone()) {
    if (lines_before > 0) builder_.add_lines_before(lines_before);
    return builder_.finish(table_.file(), layout_.time.has_value(), form_.duplicates, ranks);
  }

  int lines_given() const { return table_.lines_given(); }
  /// A row of several lines, which another rank may begin inside; or no row at all in the part that has the header, so
  /// that the header may not be there either.
  bool is_uncertain() const {
    return table_.has_row_of_lines() || (begins_file_ && layout_.header && builder_.size() == 0);
  }

 private:
  static constexpr std::uint64_t first_rows = 1000;  ///< tell how many there will be

  void reserve() {
    builder_.reserve(table_.estimated_rows());
    reserved_ = true;
  }

  void take_row() {
    const std::string_view user = id(layout_.user, "a user id");
    const std::string_view item = id(layout_.item, "an item id");
    const double value =
        layout_.rating ? table_.real(*layout_.rating, "a rating", form_.least_rating, form_.most_rating) : 1;
    const std::int64_t when = layout_.time ? time(*layout_.time) : 0;
    table_.require_width();
    builder_.add(user, item, value, when, table_.line_number());
  }

  void take_plain_rows() {
    const PlainRows::Taken taken = plain_.take(table_.ahead(), table_.lines_given() + 1, builder_);
    table_.skip(taken.bytes, taken.rows);
  }

  std::string_view id(std::size_t column, std::string_view what) {
    if (form_.strict) table_.integer(column, what, 1, largest_strict_id);
    const std::string_view text = table_.field(column, what);
    if (text.empty()) table_.fail(column, std::string(what));
    return text;
  }

  std::int64_t time(std::size_t column) {
    if (form_.strict) return table_.integer(column, "a time in seconds since 1970", 0, latest_strict_time);
    const std::optional<Moment> moment = read_moment(table_.field(column, "a time"));
    if (!moment)
      table_.fail(column,
                  "a time (a number, or a date such as 2024-02-29 or 2024-02-29T12:30:00Z; to do without: "
                  "columns: {time: none})");
    std::int64_t whole = moment->whole;
    if (moment->micro != 0 && !builder_.fine_times() && !builder_.refine_times())
      table_.reject(column, "a time with a fraction, after others too large for one");
    if (builder_.fine_times() && (__builtin_mul_overflow(whole, std::int64_t{1'000'000}, &whole) ||
                                  __builtin_add_overflow(whole, std::int64_t{moment->micro}, &whole)))
      table_.reject(column, "a time too large for the fractions that others have");
    return whole;
  }

  RatingsLayout layout_;
  const RatingsForm& form_;
  TableReader table_;
  PlainRows plain_;
  RatingsBuilder builder_;
  bool begins_file_;
  bool reserved_ = false;
};

}  // namespace

std::vector<ParamSpec> ratings_params() {
  std::vector<ParamSpec> params = table_params();
  params.push_back(column_param("columns.user", "column of the users' ids, by name or number from 1; empty: guessed"));
  params.push_back(column_param("columns.item", "column of the items' ids; empty: guessed"));
  params.push_back(column_param(
      "columns.rating", "column of ratings, counts or weights; empty: guessed; none: every interaction counts 1"));
  params.push_back(column_param("columns.time",
                                "column of times, numbers in any unit or ISO dates; empty: guessed; none: no times"));
  params.push_back(
      {.name = "duplicates",
       .type = ParamSpec::Type::string,
       .default_value = to_word(duplicates_names, Duplicates::last),
       .help = "what counts where a user has an item several times; last and first by time, then the highest",
       .choices = words(duplicates_names)});
  return params;
}

std::vector<ParamSpec> published_ratings_params() {
  std::vector<ParamSpec> params = ratings_params();
  params.push_back({.name = "strict",
                    .type = ParamSpec::Type::boolean,
                    .default_value = false,
                    .help = "ids are positive numbers, times seconds since 1970, the last line ends in a newline"});
  params.push_back(
      {.name = "ratings.least", .type = ParamSpec::Type::real, .default_value = -largest_rating, .help = "the lowest"});
  params.push_back(
      {.name = "ratings.most", .type = ParamSpec::Type::real, .default_value = largest_rating, .help = "the highest"});
  return params;
}

RatingsForm ratings_form(const Json& params) {
  RatingsForm form{table_form(params)};
  const Json& columns = params.at("columns");
  form.user = columns.at("user");
  form.item = columns.at("item");
  form.rating = columns.at("rating");
  form.time = columns.at("time");
  form.duplicates = from_word(duplicates_names, "duplicates", params.at("duplicates").get<std::string>());
  if (!params.contains("strict")) return form;
  form.strict = params.at("strict");
  form.least_rating = params.at("ratings").at("least");
  form.most_rating = params.at("ratings").at("most");
  return form;
}

std::string RatingsLayout::roles() const {
  std::string text = fmt::format("user = {}, item = {}", key(user), key(item));
  if (rating) text += fmt::format(", rating = {}", key(*rating));
  if (time) text += fmt::format(", time = {}", key(*time));
  return text;
}

Json settled_params(const Json& params, const RatingsLayout& layout) {
  Json settled = settled_table(params, ratings_params(), layout);
  settled["columns"] = {{"user", layout.key(layout.user)},
                        {"item", layout.key(layout.item)},
                        {"rating", layout.rating ? layout.key(*layout.rating) : std::string(none)},
                        {"time", layout.time ? layout.key(*layout.time) : std::string(none)}};
  return settled;
}

RatingsLayout ratings_layout(const std::filesystem::path& path, const RatingsForm& form) {
  RatingsLayout layout{layout_of(path, form)};
  ColumnFinder(layout, form, path.string()).find();
  return layout;
}

Ratings read_ratings(const std::filesystem::path& path, const RatingsForm& form) {
  RatingsReader reader(path, form);
  reader.read();
  return reader.finish();
}

std::optional<Ratings> read_ratings(const std::filesystem::path& path, const RatingsForm& form, Communicator& ranks) {
  std::optional<FilePart> part;
  together(ranks, [&] { part = part_of(path, ranks.rank(), ranks.size()); });
  if (!part) return std::nullopt;
  struct Reading {
    std::int64_t lines = 0;
    bool failed = false;
    bool uncertain = false;
  };
  Reading own;
  std::optional<RatingsReader> reader;
  together(ranks, [&] { reader.emplace(path, form, *part); });
  try {
    reader->read();
  } catch (const UserError&) {
    own.failed = true;  // whose line is not known yet
  }
  own.lines = reader->lines_given();
  own.uncertain = reader->is_uncertain();
  const std::vector<Reading> all = gathered(ranks, std::vector<Reading>{own});
  if (std::ranges::any_of(all, &Reading::uncertain)) return std::nullopt;
  const auto first_failed = std::ranges::find(all, true, &Reading::failed);
  std::int64_t before = 0;
  for (int r = 0; r < ranks.rank(); ++r) before += all[static_cast<std::size_t>(r)].lines;
  together(ranks, [&] {
    if (before + own.lines > std::numeric_limits<int>::max())
      throw UserError({path.string()},
                      fmt::format("more than {} lines: split the file", std::numeric_limits<int>::max()));
    part->lines_before = static_cast<int>(before);
    if (first_failed - all.begin() == ranks.rank()) RatingsReader(path, form, *part).read();
  });
  return reader->finish(part->lines_before, ranks);
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
