// Moments as files write them.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace frugal::data {

/// A moment as a whole number, in the unit of its file, and what it lacks: micro millionths of that unit. An ISO 8601
/// date ("2024-02-29", "2024-02-29T12:30:00.5+01:00", with a blank for the T, Z or no zone) is in seconds since 1970.
struct Moment {
  std::int64_t whole;
  std::int32_t micro = 0;  ///< 0 to 999,999
};

/// Nothing for text that is no moment.
std::optional<Moment> read_moment(std::string_view text);

/// Is this an ISO 8601 date?
bool is_date(std::string_view text);

}  // namespace frugal::data
