// What a cell made, in forms that other tools read (plan key `export`): arrays as safetensors and .npy, ids as text.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "impl/common/state.hpp"

namespace frugal::workloads {

/// weights.safetensors: the parameters of a model, without its optimiser's state.
void export_weights(const std::filesystem::path& folder, const ModelState& state);

/// STEM.safetensors with all tensors, and NAME.npy of each.
void export_arrays(const std::filesystem::path& folder, const std::string& stem, const ModelState& arrays);

/// A line "index<TAB>id" for each row of a table, below a line that says so. names: of the data set, empty where it has
/// none: then the id is the index. Tabs, line ends and backslashes in ids become \t, \n, \r, \\.
void export_ids(const std::filesystem::path& file, const std::vector<std::string>& names, std::uint32_t count);

/// A line of tab-separated names, and below it one for each of `rows`: its id as export_ids() writes it, and its value of
/// each column. names: of the rows' data set.
struct ExportedColumn {
  std::string name;
  std::vector<double> values;  ///< [rows]
};
void export_columns(const std::filesystem::path& file, const std::string& row_name,
                    const std::vector<std::string>& names, const std::vector<std::uint32_t>& rows,
                    const std::vector<ExportedColumn>& columns);

/// The original id of a row.
std::string id_of(const std::vector<std::string>& names, std::uint32_t index);

/// The same as export_ids() writes it.
std::string escaped_id(const std::vector<std::string>& names, std::uint32_t index);

}  // namespace frugal::workloads
