#include "datasets/formats/plain_rows.hpp"

#include <optional>
#include <span>

#include "datasets/formats/times.hpp"

namespace frugal::data {

PlainRows::PlainRows(const RatingsLayout& layout, const RatingsForm& form)
    : delimiter_(layout.delimiter),
      strict_(form.strict),
      point_(form.decimal_comma && layout.delimiter != "," ? ',' : '.'),
      least_rating_(form.least_rating),
      most_rating_(form.most_rating),
      stops_(layout.delimiter[0], '\n', '\r', layout.delimiter == " " ? '\t' : '"') {
  if (!form.comment.empty()) return;
  kinds_.assign(layout.columns(), Kind::other);
  kinds_[layout.user] = Kind::user;
  kinds_[layout.item] = Kind::item;
  const auto set = [&](std::optional<std::size_t> column, Kind kind) {
    if (!column || kinds_.empty()) return;
    if (kinds_[*column] == Kind::other)
      kinds_[*column] = kind;
    else
      kinds_.clear();  // a column that counts twice
  };
  set(layout.rating, Kind::rating);
  set(layout.time, Kind::time);
}

const char* PlainRows::row(const char* at, Row& row) const {
  if (*at == ' ' || *at == '\t') return nullptr;  // nothing but blanks, maybe
  for (std::size_t column = 0; column < kinds_.size(); ++column) {
    if (column > 0) at = delimiter(at);
    if (!at) return nullptr;
    switch (kinds_[column]) {
      case Kind::user:
        at = id(at, row.user);
        break;
      case Kind::item:
        at = id(at, row.item);
        break;
      case Kind::rating:
        at = rating(at, row.value);
        break;
      case Kind::time:
        at = time(at, row.time);
        break;
      case Kind::other:
        at = other(at);
        break;
    }
    if (!at) return nullptr;
  }
  if (*at == '\r') ++at;
  return *at == '\n' ? at + 1 : nullptr;
}

const char* PlainRows::delimiter(const char* at) const {
  for (const char c : delimiter_)
    if (*at++ != c) return nullptr;
  return at;
}

/// A text that is neither empty nor has blanks around it.
const char* PlainRows::text(const char* at, std::string_view& text) const {
  const char* const end = stops_.find(at);
  if (end == at || *at == ' ' || end[-1] == ' ') return nullptr;
  text = {at, static_cast<std::size_t>(end - at)};
  return end;
}

const char* PlainRows::id(const char* at, RawId& id) const {
  const Digits digits = leading_digits(at);
  if (digits.count > 0 && ends_field(at[digits.count]) && (*at != '0' || digits.count == 1)) {
    if (strict_ && (digits.value < 1 || digits.value > largest_strict_id)) return nullptr;
    id = RawId(digits.value);
    return at + digits.count;
  }
  if (strict_) return nullptr;
  std::string_view whole;
  const char* const end = text(at, whole);
  if (end) id = RawId(whole);
  return end;
}

/// Digits of at most 15 places are exact as a double, and so is a power of ten up to 10^22: their quotient is the double
/// that lies next to the decimal number (W. Clinger, "How to read floating point numbers accurately", 1990).
const char* PlainRows::rating(const char* at, double& value) const {
  constexpr std::size_t exact = 15;
  const Digits whole = leading_digits(at);
  if (whole.count == 0 || whole.count > exact) return nullptr;
  at += whole.count;
  value = static_cast<double>(whole.value);
  if (*at == point_) {
    const Digits part = leading_digits(at + 1);
    if (part.count == 0 || whole.count + part.count > exact) return nullptr;
    at += 1 + part.count;
    const std::uint64_t power = powers_of_ten[part.count];
    value = static_cast<double>(whole.value * power + part.value) / static_cast<double>(power);
  }
  return value >= least_rating_ && value <= most_rating_ ? at : nullptr;
}

const char* PlainRows::time(const char* at, std::int64_t& time) const {
  const Digits digits = leading_digits(at);
  if (digits.count > 0 && ends_field(at[digits.count])) {
    if (strict_ && digits.value > latest_strict_time) return nullptr;
    time = static_cast<std::int64_t>(digits.value);
    return at + digits.count;
  }
  if (strict_) return nullptr;
  std::string_view whole;
  const char* const end = text(at, whole);
  if (!end) return nullptr;
  const std::optional<Moment> moment = read_moment(whole);
  if (!moment || moment->micro != 0) return nullptr;
  time = moment->whole;
  return end;
}

const char* PlainRows::other(const char* at) const {
  const char* const end = stops_.find(at);
  return end == at && delimiter_ == " " ? nullptr : end;
}

/// Some rows at a time: their ids are looked up while nothing waits for where the next line begins.
[[gnu::flatten]] PlainRows::Taken PlainRows::take(std::string_view lines, int line, RatingsBuilder& builder) {
  Taken taken;
  if (kinds_.empty()) return taken;
  const char* at = lines.data();
  const char* const end = at + lines.size();
  while (at && at != end) {
    std::size_t count = 0;
    while (at != end && count < rows_.size()) {
      const char* const next = row(at, rows_[count]);
      taken.bytes = static_cast<std::size_t>((next ? next : at) - lines.data());
      at = next;
      if (!next) break;
      builder.prefetch(rows_[count].user, rows_[count].item);
      ++count;
    }
    for (const Row& one : std::span(rows_).first(count))
      builder.add(one.user, one.item, one.value, one.time, line + taken.rows++);
  }
  return taken;
}

}  // namespace frugal::data
