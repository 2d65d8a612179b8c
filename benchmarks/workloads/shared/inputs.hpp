// The files that cells read, for the harness to hash.
#pragma once
#include <filesystem>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "datasets/catalog/manifest.hpp"

namespace frugal::workloads {

/// The cell's data set for those that read it: where it is a file of the user's own, with the path to it from here.
Json located_dataset(const harness::Cell& cell);

/// One file of a manifest; nothing when it is not here.
void add_input(const data::Manifest& manifest, const data::ManifestFile& file,
               const std::vector<std::filesystem::path>& data_dirs, std::vector<harness::InputFile>& inputs);

/// All files of a manifest that are here. Null: none.
void add_inputs(const data::Manifest* manifest, const std::vector<std::filesystem::path>& data_dirs,
                std::vector<harness::InputFile>& inputs);

/// All files of the cell's data set that are here: of its manifest, or the user's own.
void add_dataset(const harness::Cell& cell, const std::vector<std::filesystem::path>& data_dirs,
                 std::vector<harness::InputFile>& inputs);

/// The weights that the cell starts from, where it names any.
void add_checkpoint(const harness::Cell& cell, std::vector<harness::InputFile>& inputs);

}  // namespace frugal::workloads
