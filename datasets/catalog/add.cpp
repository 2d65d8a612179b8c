#include "datasets/catalog/add.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

/// JSON strings are YAML strings in double quotes.
std::string yaml(const std::string& text) { return Json(text.empty() ? "unknown" : text).dump(); }

void require_name(const std::string& name, const std::vector<fs::path>& data_dirs) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (name.empty() || !std::ranges::all_of(name, fits))
    throw UserError(fmt::format("'{}' is no name for a data set: use a-z, 0-9, _ and -", name));
  if (find_manifest(name, data_dirs))
    throw UserError(fmt::format("a data set '{}' is there already: choose another name", name));
}

/// The path of a file below the data folder: where it lies, or where its copy will.
fs::path place_below(const fs::path& file, const fs::path& folder, const std::string& name) {
  std::error_code error;
  const fs::path relative = fs::relative(file, folder, error);
  const bool inside = !error && !relative.empty() && *relative.begin() != "..";
  return inside ? relative : fs::path(name) / file.filename();
}

}  // namespace

fs::path add_dataset(const NewDataset& dataset, const std::vector<fs::path>& files, const fs::path& folder,
                     const std::vector<fs::path>& data_dirs) {
  require_name(dataset.name, data_dirs);
  std::string text = fmt::format("name: {}\ntitle: {}\nkind: {}\nreader: {}\n", dataset.name,
                                 yaml(dataset.title.empty() ? dataset.name : dataset.title),
                                 to_word(kind_names, dataset.kind), to_word(reader_names, dataset.reader));
  if (!dataset.table.is_null()) text += fmt::format("table: {}\n", dataset.table.dump());
  text += fmt::format("licence: {}\ncitation: {}\n", yaml(dataset.licence), yaml(dataset.citation));
  if (dataset.reader == Reader::ncf) text += fmt::format("negatives: {}\n", dataset.negatives);
  if (!dataset.split.empty()) text += fmt::format("split: {}\n", dataset.split);
  text += "files:\n";
  std::set<fs::path> places;
  for (const fs::path& file : files) {
    open_file(file);
    const fs::path place = place_below(file, folder, dataset.name);
    if (!places.insert(place).second)
      throw UserError({file.string()}, "two of these files have one name: rename one of them");
    text += fmt::format("  - path: {}\n    bytes: {}\n    sha256: {}\n", yaml(place.string()), fs::file_size(file),
                        sha256_file(file));
  }
  const fs::path manifest = folder / (dataset.name + ".yaml");
  parse_manifest(dataset.name, text, manifest.string());  // what is written can be read
  for (const fs::path& file : files) {
    const fs::path to = folder / place_below(file, folder, dataset.name);
    make_folders(to.parent_path());
    std::error_code not_there;
    if (!fs::equivalent(file, to, not_there)) copy_whole_file(file, to);
  }
  write_whole_file(manifest, text);
  return manifest;
}

}  // namespace frugal::data
