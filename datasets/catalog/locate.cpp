#include "datasets/catalog/locate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "datasets/formats/byte_stream.hpp"
#include "impl/base/error.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::data {
namespace {

UnavailableError not_here(const Manifest& manifest, const std::string& missing,
                          const std::vector<std::filesystem::path>& data_dirs) {
  std::string looked;
  for (const std::filesystem::path& dir : data_dirs) looked += (looked.empty() ? "" : ", ") + dir.string();
  const std::string remedy = manifest.has_source()
                                 ? fmt::format(
                                       "Get it with: frugal data fetch {}; or put a copy below a folder given by "
                                       "--data-dir or FRUGAL_DATA",
                                       manifest.name)
                                 : std::string(own_file_remedy);
  return UnavailableError(fmt::format("data set '{}' is not here: no {} below {}. {}", manifest.name, missing,
                                      looked.empty() ? "any data folder" : looked, remedy));
}

/// "lake" of "enrp/lake_128.png", where that is a size of the picture: a name may end in any number, as cameras count.
std::string picture_of(const ManifestFile& file) {
  const std::string stem = std::filesystem::path(file.path).stem().string();
  return file.size == 0 ? stem : stem.substr(0, stem.size() - fmt::format("_{}", file.size).size());
}

bool are_one_picture(const std::vector<const ManifestFile*>& files) {
  const std::string first = picture_of(*files.front());
  return std::ranges::all_of(files,
                             [&](const ManifestFile* file) { return file->size > 0 && picture_of(*file) == first; });
}

}  // namespace

std::optional<std::filesystem::path> locate(const ManifestFile& file,
                                            const std::vector<std::filesystem::path>& data_dirs) {
  for (const std::filesystem::path& dir : data_dirs) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(dir / file.path, ignored)) return dir / file.path;
    for (const std::string& ending : compressed_endings)
      if (const auto packed = dir / (file.path + ending); std::filesystem::is_regular_file(packed, ignored))
        return packed;
  }
  return std::nullopt;
}

std::vector<std::filesystem::path> locate_all(const Manifest& manifest,
                                              const std::vector<std::filesystem::path>& data_dirs) {
  std::vector<std::filesystem::path> found;
  std::string missing;
  for (const ManifestFile& file : manifest.files) {
    if (const auto path = locate(file, data_dirs)) {
      found.push_back(*path);
    } else {
      missing += (missing.empty() ? "" : ", ") + file.path;
    }
  }
  if (!missing.empty()) throw not_here(manifest, missing, data_dirs);
  return found;
}

const ManifestFile& choose_picture(const Manifest& manifest, const std::string& image, int size) {
  std::vector<const ManifestFile*> candidates;
  std::vector<std::string> known;
  for (const ManifestFile& file : manifest.files) {
    const std::filesystem::path path(file.path);
    if (file.path == image) return file;
    if (image.empty() || path.filename() == image || path.stem() == image || picture_of(file) == image)
      candidates.push_back(&file);
    known.push_back(path.filename().string());
  }
  if (candidates.empty()) throw UserError(unknown_word("file of " + manifest.name, image, known));
  if (candidates.size() > 1 && !are_one_picture(candidates)) {
    std::vector<std::string> paths;
    paths.reserve(candidates.size());
    for (const ManifestFile* const file : candidates) paths.push_back(file->path);
    throw UserError(
        fmt::format("{} holds {} files: say which one a cell takes with params.inr.image, an axis for several: {}",
                    manifest.name, paths.size(), fmt::join(paths, ", ")));
  }
  const auto exact = std::ranges::find(candidates, size, &ManifestFile::size);
  return exact != candidates.end() ? **exact : **std::ranges::max_element(candidates, {}, &ManifestFile::size);
}

std::filesystem::path locate_one(const Manifest& manifest, const ManifestFile& file,
                                 const std::vector<std::filesystem::path>& data_dirs) {
  if (const auto path = locate(file, data_dirs)) return *path;
  throw not_here(manifest, file.path, data_dirs);
}

}  // namespace frugal::data
