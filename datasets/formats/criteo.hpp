// Criteo's click logs, written: LABEL, 13 integers, 26 hexadecimal values, tab separated, each possibly empty. They are
// read by the settings of the manifest criteo-kaggle (click_table.hpp).
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

#include "datasets/formats/text_writer.hpp"

namespace frugal::data {

/// Writes examples; the file gets its name at finish(). Throws UserError when it cannot be written.
class CriteoWriter {
 public:
  /// Throws UserError when there are more features than the format has columns for.
  CriteoWriter(const std::filesystem::path& path, int dense_features, int tables);

  /// The columns that are left over stay empty. ids: as they are read where the tables have the rows: 0
  /// is written as nothing, i as i - 1.
  void add(bool clicked, std::span<const std::int64_t> counts, std::span<const std::uint32_t> ids);
  void finish() { file_.finish(); }

 private:
  TextWriter file_;
};

}  // namespace frugal::data
