// A number from its text.
#pragma once
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace frugal {

/// The number that all of `text` is, as std::from_chars reads it: decimal, whatever the locale, without blanks and
/// without "+"; a real number may be "inf" or "nan". Nothing where it is none, or none of this type.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

}  // namespace frugal
