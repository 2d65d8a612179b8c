#include "benchmarks/workloads/shared/inputs.hpp"

#include "benchmarks/workloads/shared/shared.hpp"
#include "datasets/catalog/check.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/own_file.hpp"

namespace frugal::workloads {

using harness::InputFile;

Json located_dataset(const harness::Cell& cell) {
  Json dataset = cell.dataset;
  if (data::is_own_file(dataset)) dataset["path"] = cell.located(dataset.at("path").get<std::string>()).string();
  return dataset;
}

void add_input(const data::Manifest& manifest, const data::ManifestFile& file,
               const std::vector<std::filesystem::path>& data_dirs, std::vector<InputFile>& inputs) {
  const auto path = data::locate(file, data_dirs);
  if (!path) return;
  inputs.push_back({.name = file.path,
                    .path = *path,
                    .dataset = manifest.name,
                    .added = !manifest.has_source(),
                    .published = data::published(file, *path)});
}

void add_inputs(const data::Manifest* manifest, const std::vector<std::filesystem::path>& data_dirs,
                std::vector<InputFile>& inputs) {
  if (!manifest) return;
  for (const data::ManifestFile& file : manifest->files) add_input(*manifest, file, data_dirs, inputs);
}

void add_dataset(const harness::Cell& cell, const std::vector<std::filesystem::path>& data_dirs,
                 std::vector<InputFile>& inputs) {
  if (data::is_own_file(cell.dataset)) {
    const Json dataset = located_dataset(cell);
    inputs.push_back({.name = cell.dataset.at("path").get<std::string>(),
                      .path = dataset.at("path").get<std::string>(),
                      .content = data::own_content(dataset)});
  }
  add_inputs(data::find_manifest(cell.dataset.at("name").get<std::string>(), data_dirs), data_dirs, inputs);
}

void add_checkpoint(const harness::Cell& cell, std::vector<InputFile>& inputs) {
  if (!starts_from_checkpoint(cell)) return;
  const std::string path = cell.own().at("initial_weights");
  inputs.push_back({.name = path, .path = cell.located(path)});
}

}  // namespace frugal::workloads
