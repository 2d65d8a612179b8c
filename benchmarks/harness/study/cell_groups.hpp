// Cells that differ in nothing but their seed belong together: they are draws from one distribution.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

struct CellGroup {
  const Run* run = nullptr;
  Json cell;                               ///< of the first cell, without its seed
  std::vector<const CellRecord*> records;  ///< all, also those that did not end well, in order of appearance

  std::vector<const CellRecord*> finished() const;
  const CellRecord* with_seed(std::uint64_t seed) const;
};

/// In order of first appearance.
std::vector<CellGroup> group_cells(const Run& run);

/// "cpu", "64", "0.1", "64-32" for a list, "-" for null: a value as people read it.
std::string value_text(const Json& value);

/// The data set's name and then `name=value` for each varying parameter below params.<workload> or dataset.
std::string describe_cell(const Json& cell, std::span<const std::string> varying);

/// Seconds of one stage of one repeat ("total": of all stages), the median over repeats; nothing when it was not run.
std::optional<double> stage_seconds(const CellRecord& record, std::string_view stage);

/// The samples behind stage_seconds, one a repeat.
std::vector<double> stage_samples(const CellRecord& record, std::string_view stage);

/// "AMD EPYC 9454P, 2 cores, AVX-512, 2 threads": machine, and threads of the cells, as much as run.json knows;
/// "unknown machine" when it does not say which.
std::string machine_text(const Provenance& provenance);

/// "2c4444e" or "2c4444e with local changes 5f3a"; "unknown commit".
std::string commit_text(const Provenance& provenance);

/// The commit and how it was built: "2c4444e (Release)".
std::string build_text(const Provenance& provenance);

}  // namespace frugal::harness
