#include "datasets/formats/times.hpp"

#include <charconv>
#include <chrono>

namespace frugal::data {
namespace {

/// Takes numbers and marks from the front of a text; once something does not fit, all that follows fails too.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count, int least, int most) {
    int value = 0;
    if (rest_.size() < count) return fail();
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      value = 10 * value + (c - '0');
    }
    rest_.remove_prefix(count);
    return value >= least && value <= most ? value : fail();
  }
  void mark(char c) {
    if (!accept(c)) fail();
  }
  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Millionths from the digits after a point; those beyond the sixth are dropped.
  std::int32_t fraction() {
    std::int32_t micro = 0;
    std::size_t places = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1))
      if (places < 6) {
        micro = 10 * micro + (rest_[0] - '0');
        ++places;
      }
    if (places == 0) fail();
    for (; places < 6; ++places) micro *= 10;
    return micro;
  }
  bool done() const { return fits_ && rest_.empty(); }
  bool at_end() const { return rest_.empty(); }

 private:
  int fail() {
    fits_ = false;
    return 0;
  }

  std::string_view rest_;
  bool fits_ = true;
};

std::optional<Moment> read_date(std::string_view text) {
  using namespace std::chrono;
  Scanner scan(text);
  const int year_number = scan.digits(4, 1, 9999);
  scan.mark('-');
  const int month_number = scan.digits(2, 1, 12);
  scan.mark('-');
  const int day_number = scan.digits(2, 1, 31);
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  std::int64_t second = 0;
  std::int32_t micro = 0;
  if (!scan.at_end()) {
    if (!scan.accept('T')) scan.mark(' ');
    second += 3600 * scan.digits(2, 0, 23);
    scan.mark(':');
    second += 60 * scan.digits(2, 0, 59);
    if (scan.accept(':')) second += scan.digits(2, 0, 60);
    if (scan.accept('.')) micro = scan.fraction();
    const bool west = scan.accept('-');
    if (west || scan.accept('+')) {
      int offset = 3600 * scan.digits(2, 0, 23);
      scan.accept(':');
      if (!scan.at_end()) offset += 60 * scan.digits(2, 0, 59);
      second += west ? offset : -offset;
    } else {
      scan.accept('Z');
    }
  }
  if (!scan.done() || !date.ok()) return std::nullopt;
  return Moment{86400 * std::int64_t{sys_days{date}.time_since_epoch().count()} + second, micro};
}

}  // namespace

bool is_date(std::string_view text) { return read_date(text).has_value(); }

std::optional<Moment> read_moment(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, whole);
  if (error != std::errc()) return std::nullopt;
  if (stop == end) return Moment{whole};
  if (*stop == '-') return read_date(text);
  if (*stop != '.') return std::nullopt;
  Scanner scan(std::string_view(stop + 1, static_cast<std::size_t>(end - stop - 1)));
  const std::int32_t micro = scan.fraction();
  if (!scan.done()) return std::nullopt;
  if (text[0] == '-' && micro > 0) return Moment{whole - 1, 1'000'000 - micro};
  return Moment{whole, micro};
}

}  // namespace frugal::data
