// Cells that differ in nothing but their seed belong together: they are draws from one distribution.
#pragma once
#include <cstdint>
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
  Json cell;            ///< without its seed
  Json view;            ///< the same with implementation, machine and build
  std::string machine;  ///< machine_text
  std::string build;    ///< build_text
};

/// Those of the workload that meet the conditions, which may name anything of a view. Of two records of one seed the
/// later run's counts, as within a run.
std::vector<PooledCell> pool_cells(std::span<const Run> runs, const std::string& workload, const Conditions& where);

/// The data set's name and then `name=value` for each varying parameter below params.<workload> or dataset.
std::string describe_cell(const Json& cell, std::span<const std::string> varying);

}  // namespace frugal::harness
