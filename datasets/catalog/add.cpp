#include "datasets/catalog/add.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

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
  if (const std::string why = why_reserved(name); !why.empty()) throw UserError(why);
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

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

/// Whether the file still has to be copied there. Throws UserError where another one lies there.
bool is_missing(const fs::path& file, const std::string& sha256, const fs::path& to) {
  if (!is_there(to)) return true;
  std::error_code ignored;
  if (fs::equivalent(file, to, ignored)) return false;
  if (fs::is_regular_file(to, ignored) && fs::file_size(to) == fs::file_size(file) && sha256_file(to) == sha256)
    return false;
  throw UserError({to.string()},
                  fmt::format("something else lies where {} is to be copied to, and is left alone: move it away, or "
                              "choose another name for the data set",
                              file.string()));
}

/// Files that get their names when all of them are on the disk: of those that find no room nothing stays behind.
class NewFiles {
 public:
  NewFiles() = default;
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;
  ~NewFiles() {
    std::error_code ignored;
    pending_.clear();
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) fs::remove(*path, ignored);  // folders if empty
  }

  /// Where to write what is to be called `to`. Throws OutputError.
  const fs::path& place_of(const fs::path& to) {
    std::deque<fs::path> folders;
    for (fs::path at = to.parent_path(); !at.empty() && !is_there(at); at = at.parent_path()) folders.push_front(at);
    made_.insert(made_.end(), folders.begin(), folders.end());
    make_folders(to.parent_path());
    names_.push_back(to);
    return pending_.emplace_back(to).path();
  }

  /// Throws OutputError.
  void publish() {
    for (std::size_t k = 0; k < names_.size(); ++k) {
      pending_[k].publish();
      made_.push_back(names_[k]);
    }
    made_.clear();
  }

 private:
  std::deque<PendingFile> pending_;
  std::vector<fs::path> names_;
  std::vector<fs::path> made_;  ///< in this order; the files among them have their names
};

}  // namespace

fs::path add_dataset(const NewDataset& dataset, const std::vector<fs::path>& files, const fs::path& folder,
                     const std::vector<fs::path>& data_dirs) {
  require_name(dataset.name, data_dirs);
  fs::path manifest = folder / (dataset.name + ".yaml");
  if (is_there(manifest))
    throw UserError({manifest.string()},
                    "this is where the manifest of the data set is to be written: move what lies there away, or choose "
                    "another name for the data set, or another folder with '--to DIR'");
  std::string text = fmt::format("name: {}\ntitle: {}\nkind: {}\nreader: {}\n", dataset.name,
                                 yaml(dataset.title.empty() ? dataset.name : dataset.title),
                                 to_word(kind_names, dataset.kind), to_word(reader_names, dataset.reader));
  if (!dataset.table.is_null()) text += fmt::format("table: {}\n", dataset.table.dump());
  text += fmt::format("licence: {}\ncitation: {}\n", yaml(dataset.licence), yaml(dataset.citation));
  if (dataset.reader == Reader::ncf) text += fmt::format("negatives: {}\n", dataset.negatives);
  if (!dataset.split.empty()) text += fmt::format("split: {}\n", dataset.split);
  text += "files:\n";
  std::set<fs::path> places;
  std::vector<std::pair<fs::path, fs::path>> copies;  // from, to
  for (const fs::path& file : files) {
    open_file(file);
    const fs::path place = place_below(file, folder, dataset.name);
    if (!places.insert(place).second)
      throw UserError({file.string()}, "two of these files have one name: rename one of them");
    const std::string sha256 = sha256_file(file);
    text +=
        fmt::format("  - path: {}\n    bytes: {}\n    sha256: {}\n", yaml(place.string()), fs::file_size(file), sha256);
    if (is_missing(file, sha256, folder / place)) copies.emplace_back(file, folder / place);
  }
  parse_manifest(dataset.name, text, manifest.string());  // what is written can be read
  NewFiles written;
  for (const auto& [from, to] : copies) copy_whole_file(from, written.place_of(to));
  write_whole_file(written.place_of(manifest), text);
  written.publish();
  return manifest;
}

}  // namespace frugal::data
