#include "benchmarks/workloads/shared/export.hpp"

#include <fmt/format.h>

#include "datasets/formats/npy.hpp"
#include "impl/base/files.hpp"
#include "impl/common/safetensors.hpp"

namespace frugal::workloads {
namespace {

bool is_of_optimizer(const NamedTensor& tensor) {
  return tensor.name.starts_with("adam.") || tensor.name.starts_with("adagrad/");
}

std::string escaped(const std::string& id) {
  std::string text;
  for (const char c : id) {
    switch (c) {
      case '\t':
        text += "\\t";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\\':
        text += "\\\\";
        break;
      default:
        text += c;
    }
  }
  return text;
}

}  // namespace

void export_weights(const std::filesystem::path& folder, const ModelState& state) {
  ModelState weights = state;
  std::erase_if(weights.tensors, is_of_optimizer);
  save_safetensors(folder / "weights.safetensors", weights);
}

void export_arrays(const std::filesystem::path& folder, const std::string& stem, const ModelState& arrays) {
  save_safetensors(folder / (stem + ".safetensors"), arrays);
  for (const NamedTensor& array : arrays.tensors)
    data::write_npy(folder / (array.name + ".npy"), array.shape, array.values);
}

void export_ids(const std::filesystem::path& file, const std::vector<std::string>& names, std::uint32_t count) {
  std::string text = "index\tid\n";
  for (std::uint32_t i = 0; i < count; ++i) text += fmt::format("{}\t{}\n", i, escaped_id(names, i));
  write_whole_file(file, text);
}

void export_columns(const std::filesystem::path& file, const std::string& row_name,
                    const std::vector<std::string>& names, const std::vector<std::uint32_t>& rows,
                    const std::vector<ExportedColumn>& columns) {
  std::string text = row_name;
  for (const ExportedColumn& column : columns) text += "\t" + column.name;
  text += '\n';
  for (std::size_t row = 0; row < rows.size(); ++row) {
    text += escaped_id(names, rows[row]);
    for (const ExportedColumn& column : columns) text += fmt::format("\t{}", column.values[row]);
    text += '\n';
  }
  write_whole_file(file, text);
}

std::string id_of(const std::vector<std::string>& names, std::uint32_t index) {
  return names.empty() ? std::to_string(index) : names.at(index);
}

std::string escaped_id(const std::vector<std::string>& names, std::uint32_t index) {
  return escaped(id_of(names, index));
}

}  // namespace frugal::workloads
