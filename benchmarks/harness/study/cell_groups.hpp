// Cells that differ in nothing but their seed belong together: they are draws from one distribution.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/study/select.hpp"

namespace frugal::harness {

/// The seeds of one cell.
struct SeedRecords {
  std::vector<const CellRecord*> records;  ///< all, also those that did not end well, in order of appearance

  std::vector<const CellRecord*> finished() const;
  const CellRecord* with_seed(std::uint64_t seed) const;
};

struct CellGroup : SeedRecords {
  const Run* run = nullptr;
  Json cell;  ///< of the first record, without its seed
};

/// Of one run, in order of first appearance.
std::vector<CellGroup> group_cells(const Run& run);

/// Cells of one machine (and number of threads) and one build, from one run or several.
struct PooledCell : SeedRecords {
  Json cell;                                  ///< without its seed
  Json implementation;                        ///< null: no record names one
  const Provenance* provenance;               ///< of the first run that has the cell
  std::string machine;                        ///< machine_text
  std::string build;                          ///< build_text
  std::vector<const CellRecord*> left_out{};  ///< of another run, whose seed has its record in `records`

  /// The value at a dotted path of the cell, or at "implementation", "machine..." or "build..."; null: there is none.
  const Json* value(std::string_view path) const;
  /// Has it at each path one of the values?
  bool meets(const Conditions& conditions) const;
};

/// Those of the workload that meet the conditions. Of two records of one seed the one that ended well counts, else the
/// later run's, as within a run; the other is left out. They refer to the runs.
std::vector<PooledCell> pool_cells(std::span<const Run> runs, const std::string& workload, const Conditions& where);

/// Names cells by what tells them apart within their workload: "ml-1m keep_fraction=0.1". What other workloads have does
/// not vary here, nor what only other data sets have.
class CellLabels {
 public:
  /// All cells of which labels are asked. Back end and seed are never part of a label.
  explicit CellLabels(std::span<const Json* const> cells);

  std::string of(const Json& cell) const;

 private:
  std::map<std::string, std::vector<std::string>> varying_;  ///< workload -> paths of its parameters
  std::map<std::string, std::vector<std::string>> of_data_;  ///< workload and data set -> paths of the data set's
};

}  // namespace frugal::harness
