#include "datasets/formats/table_words.hpp"

#include <algorithm>
#include <cstddef>

#include "datasets/formats/times.hpp"
#include "impl/base/number.hpp"

namespace frugal::data {
namespace {

/// "movie_Id" as "movieid".
std::string plain(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z')
      result += static_cast<char>(c - 'A' + 'a');
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      result += c;
  }
  return result;
}

/// The names that published data sets give to their columns, the likelier first.
std::vector<std::string_view> names_of(Role role) {
  switch (role) {
    case Role::user:
      return {"user",     "userid",     "uid",      "usernr",     "member",  "memberid",
              "customer", "customerid", "reviewer", "reviewerid", "visitor", "visitorid",
              "account",  "accountid",  "profile",  "profileid",  "session", "sessionid"};
    case Role::item:
      return {"item",      "itemid",  "iid",        "movie",  "movieid",  "film",       "filmid",  "product",
              "productid", "asin",    "parentasin", "book",   "bookid",   "isbn",       "artist",  "artistid",
              "track",     "trackid", "song",       "songid", "business", "businessid", "article", "articleid",
              "game",      "gameid",  "sku",        "recipe", "recipeid", "gmapid"};
    case Role::rating:
      return {"rating", "ratings", "stars",     "star",  "score", "overall",
              "value",  "plays",   "playcount", "count", "weight"};
    case Role::time:
      return {"time", "timestamp", "ts", "date", "datetime", "when", "unixreviewtime", "reviewtime", "createdat"};
    case Role::label:
      break;
  }
  return {"label", "click", "clicked", "target", "y", "isclick"};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string unquoted(std::string_view inside) {
  std::string text;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    text += inside[i];
    if (inside[i] == '"') ++i;
  }
  return text;
}

bool is_number(std::string_view text, bool decimal_comma) {
  std::string with_point;
  if (decimal_comma) {
    with_point = text;
    std::ranges::replace(with_point, ',', '.');
    text = with_point;
  }
  return number_in<double>(text).has_value();
}

int column_of_role(Role role, const std::vector<std::string>& names) {
  for (const std::string_view known : names_of(role))
    for (std::size_t c = 0; c < names.size(); ++c)
      if (plain(names[c]) == known) return static_cast<int>(c);
  return -1;
}

bool looks_like_header(const std::vector<std::vector<std::string>>& rows, bool decimal_comma) {
  const auto is_value = [&](const std::string& text) { return is_number(text, decimal_comma) || is_date(text); };
  const std::vector<std::string>& first = rows.front();
  if (std::ranges::any_of(first, is_value)) return false;
  if (column_of_role(Role::user, first) >= 0 && column_of_role(Role::item, first) >= 0) return true;
  for (std::size_t c = 0; c < first.size() && rows.size() > 1; ++c) {
    const auto holds_value = [&](const std::vector<std::string>& row) { return c < row.size() && is_value(row[c]); };
    if (std::all_of(rows.begin() + 1, rows.end(), holds_value)) return true;
  }
  return false;
}

}  // namespace frugal::data
