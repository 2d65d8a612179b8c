// Click logs as text, one example a line.
#pragma once
#include <cstdint>
#include <filesystem>

#include "datasets/clicks/click_log.hpp"
#include "datasets/formats/click_columns.hpp"

namespace frugal::data {

struct ClickReading {
  std::uint32_t rows_per_table = 100'000;  ///< a table has at most so many, 2 or more
  std::uint64_t examples = 0;              ///< read at most so many from the start; 0: all
  bool keys = true;                        ///< see ClickLog
};

/// A file of clicks. One without dense columns gets a dense feature that is always 0: the models want one, and their
/// bottom MLP then gives a learned constant. Throws UserError, at file:line:column for a line that does not fit.
ClickLog read_click_log(const std::filesystem::path& path, const ClickForm& form, const ClickReading& reading);

}  // namespace frugal::data
