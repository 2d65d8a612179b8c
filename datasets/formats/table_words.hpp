// A line cut into fields, and what its fields look like.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::data {

/// Without the blanks and tabs around it.
std::string_view trimmed(std::string_view text);

/// A field that stood in quotes (RFC 4180), without them: "" is ".
std::string unquoted(std::string_view inside);

/// Calls found(place) for every place of a byte, from left to right. Eight bytes at a time: published tables are large,
/// and their fields short.
template <class Found>
void for_each_place(std::string_view text, char byte, Found&& found) {
  constexpr std::uint64_t low = 0x7f7f7f7f7f7f7f7f, ones = 0x0101010101010101;
  static_assert(std::endian::native == std::endian::little);
  const std::uint64_t wanted = ones * static_cast<unsigned char>(byte);
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    const std::uint64_t differs = word ^ wanted;  // a byte is 0 where it is the one
    for (std::uint64_t hits = ~(((differs & low) + low) | differs | low); hits != 0; hits &= hits - 1)
      found(at + std::countr_zero(hits) / 8);
  }
  for (; at != end; ++at)
    if (*at == byte) found(at);
}

/// The quote that ends a field in quotes, looked for from a place inside it; `end` where there is none ("" is a quote of the field).
inline const char* closing_quote(const char* at, const char* end) {
  while (at != end && (*at != '"' || (at + 1 != end && at[1] == '"'))) at += *at == '"' ? 2 : 1;
  return at;
}

/// The field of a line whose quotes do not fit, by the places of bytes in the line.
struct QuoteFault {
  static constexpr std::size_t none = std::string_view::npos;
  std::size_t quote = none;   ///< begins the field; none: the quotes of all fields fit
  std::size_t behind = none;  ///< what follows the quote that ends it, and is no delimiter; none: no quote ends it

  bool is_open() const { return quote != none && behind == none; }
};

/// Calls add(field, in_quotes) for every field of a line. delimiter: " " stands for any number of blanks and tabs.
/// quotes: a field that begins with " ends with the next single one, and nothing but blanks may follow; what it holds is
/// given without the outer quotes and in_quotes is true where an inner "" must become ". trim: blanks around a field do
/// not belong to it. Stops at the first field whose quotes do not fit.
template <class Add>
QuoteFault split_line(std::string_view line, std::string_view delimiter, bool quotes, bool trim, Add&& add) {
  const char* at = line.data();
  const char* const end = at + line.size();
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (delimiter == " ") {
    while (at != end && blank(*at)) ++at;
    do {
      const char* stop = at;
      while (stop != end && !blank(*stop)) ++stop;
      add(std::string_view(at, static_cast<std::size_t>(stop - at)), false);
      at = stop;
      while (at != end && blank(*at)) ++at;
    } while (at != end);
    return {};
  }
  const char first = delimiter[0];
  const std::size_t length = delimiter.size();
  if (length == 1 && (!quotes || line.find('"') == std::string_view::npos)) {
    const auto add_trimmed = [&](const char* stop) {
      const char* last = stop;
      if (trim) {
        while (at != last && *at == ' ') ++at;
        while (last != at && last[-1] == ' ') --last;
      }
      add(std::string_view(at, static_cast<std::size_t>(last - at)), false);
    };
    for_each_place(line, first, [&](const char* stop) {
      add_trimmed(stop);
      at = stop + 1;
    });
    add_trimmed(end);
    return {};
  }
  while (true) {
    if (trim)
      while (at != end && *at == ' ') ++at;
    if (quotes && at != end && *at == '"') {
      const auto quote = static_cast<std::size_t>(at - line.data());
      const char* const stop = closing_quote(at + 1, end);
      if (stop == end) return {.quote = quote};
      add(std::string_view(at + 1, static_cast<std::size_t>(stop - at - 1)), true);
      at = stop + 1;
      while (at != end && *at != first && blank(*at)) ++at;
      if (at != end && *at != first) return {.quote = quote, .behind = static_cast<std::size_t>(at - line.data())};
    } else {
      const char* stop = at;
      while (stop != end && !(*stop == first && (length == 1 || (stop + 1 != end && stop[1] == delimiter[1])))) ++stop;
      const char* last = stop;
      if (trim)
        while (last != at && last[-1] == ' ') --last;
      add(std::string_view(at, static_cast<std::size_t>(last - at)), false);
      at = stop;
    }
    if (at == end) return {};
    at += length;
  }
}

/// Is this a number, 3.5 or with decimal_comma 3,5?
bool is_number(std::string_view text, bool decimal_comma);

/// Does the first of these rows name columns? It does where a column of numbers or dates begins with something else, or
/// where its words are names of users and of items.
bool looks_like_header(const std::vector<std::vector<std::string>>& rows, bool decimal_comma);

/// What a column of a table may hold.
enum class Role { user, item, rating, time, label };

/// The column whose name tells this role ("movieId": item), or -1. Where several do, the likelier.
int column_of_role(Role role, const std::vector<std::string>& names);

}  // namespace frugal::data
