// Criteo's click logs: LABEL, 13 integers, 26 hexadecimal values, tab separated, each possibly empty.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

#include "datasets/clicks/clicks.hpp"
#include "datasets/formats/text_writer.hpp"

namespace frugal::data {

/// A dense value x becomes log(1 + max(x, 0)), an empty one 0. A categorical value is hashed into 1..rows_per_table-1;
/// row 0 is "empty". At most `examples` lines are read; 0: all. Throws UserError, at file:line:column for a line that
/// does not fit.
Clicks read_criteo(const std::filesystem::path& path, std::uint32_t rows_per_table, std::uint64_t examples);

/// Writes examples; the file gets its name at finish(). Throws UserError when it cannot be written.
class CriteoWriter {
 public:
  /// Throws UserError when there are more features than the format has columns for.
  CriteoWriter(const std::filesystem::path& path, int dense_features, int tables);

  /// The columns that are left over stay empty. ids: as read_criteo() gives them back where its tables have the rows: 0
  /// is written as nothing, i as i - 1.
  void add(bool clicked, std::span<const std::int64_t> counts, std::span<const std::uint32_t> ids);
  void finish() { file_.finish(); }

 private:
  TextWriter file_;
};

}  // namespace frugal::data
