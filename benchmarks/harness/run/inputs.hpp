// The files that cells read: what they hold, whether they are the published ones, and that they stay what they are.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/file_hashes.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

class Inputs {
 public:
  /// hash_cache: see FileHashes. allow_modified: a file that is not the published one is marked in the record, not
  /// refused.
  Inputs(const Workloads& workloads, std::vector<std::filesystem::path> data_dirs, std::filesystem::path hash_cache,
         bool allow_modified);

  /// Of one cell. Throws UserError for a file that cannot be read, that is not the published one, or whose content is
  /// no longer that of the first time it was asked for.
  std::vector<InputRecord> of(const Cell& cell);

  /// Of all cells, each file once. Throws as of().
  std::vector<InputRecord> of_all(const std::vector<PlannedCell>& cells);

  const std::vector<std::filesystem::path>& data_dirs() const { return data_dirs_; }

 private:
  InputRecord of_file(const InputFile& file);

  const Workloads& workloads_;
  std::vector<std::filesystem::path> data_dirs_;
  FileHashes hashes_;
  bool allow_modified_;
  std::map<std::string, InputRecord> known_;  ///< by name
};

}  // namespace frugal::harness
