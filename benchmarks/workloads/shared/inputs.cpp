#include "benchmarks/workloads/shared/inputs.hpp"

#include "benchmarks/workloads/shared/shared.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/load/datasets.hpp"

namespace frugal::workloads {

using harness::InputFile;

void add_input(const data::Manifest& manifest, const data::ManifestFile& file,
               const std::vector<std::filesystem::path>& data_dirs, std::vector<InputFile>& inputs) {
  const auto path = data::locate(file, data_dirs);
  if (!path) return;
  InputFile input{.name = file.path, .path = *path, .dataset = manifest.name, .bytes = file.bytes};
  if (!file.sha256.empty()) input.sha256.push_back(file.sha256);
  input.sha256.insert(input.sha256.end(), file.also_sha256.begin(), file.also_sha256.end());
  input.git_blob = file.git_blob;
  input.md5 = file.md5;
  inputs.push_back(std::move(input));
}

void add_inputs(const data::Manifest* manifest, const std::vector<std::filesystem::path>& data_dirs,
                std::vector<InputFile>& inputs) {
  if (!manifest) return;
  for (const data::ManifestFile& file : manifest->files) add_input(*manifest, file, data_dirs, inputs);
}

void add_dataset(const harness::Cell& cell, const std::vector<std::filesystem::path>& data_dirs,
                 std::vector<InputFile>& inputs) {
  if (data::is_own_file(cell.dataset)) {
    const std::string path = cell.dataset.at("path");
    inputs.push_back({.name = path, .path = path});
  }
  add_inputs(data::find_manifest(cell.dataset.at("name").get<std::string>()), data_dirs, inputs);
}

void add_checkpoint(const harness::Cell& cell, std::vector<InputFile>& inputs) {
  if (!starts_from_checkpoint(cell)) return;
  const std::string path = cell.own().at("initial_weights");
  inputs.push_back({.name = path, .path = path});
}

}  // namespace frugal::workloads
