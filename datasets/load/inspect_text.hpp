// The words of `frugal data inspect` that ratings and clicks share.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/formats/table.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

inline constexpr std::size_t shown_rows = 5;

/// A time in words. Dates are seconds since 1970; of numbers the size tells the unit (seconds since 1970, or thousandths,
/// millionths, billionths of them), and what is too small to tell stays a number. `fine`: in millionths of the file's unit.
std::string time_text(std::int64_t time, bool of_dates, bool fine = false);

/// Does this column hold dates, not numbers? By its first values.
bool holds_dates(const TableLayout& layout, std::size_t column);

/// "12.3 %"
std::string percent(double share);

/// A value as YAML: words as they are where that reads back as the same, else in quotes.
std::string flow(const Json& value);

/// "compressed, comma-separated, with a header, 4 columns"
std::string form_words(const std::filesystem::path& path, const TableLayout& layout);

/// What a column is taken for, its name, its first values.
std::vector<std::string> column_words(const TableLayout& layout, std::size_t column, const std::string& role);

/// A complaint where a column of times has both numbers and dates; else empty.
std::string mixed_times_words(const std::filesystem::path& path, const TableForm& form, const TableLayout& layout,
                              std::size_t column);

/// Complaints about rows that take in several lines, as a quote at the wrong place makes them, and about a last line that
/// does not end in a newline.
std::vector<std::string> line_words(const std::filesystem::path& path, const TableForm& form,
                                    const TableLayout& layout);

}  // namespace frugal::data
