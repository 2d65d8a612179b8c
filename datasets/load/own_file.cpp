#include "datasets/load/own_file.hpp"

#include <nlohmann/json.hpp>

#include "datasets/formats/ratings.hpp"
#include "datasets/formats/signal_file.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {

std::filesystem::path own_path(const Json& dataset) {
  std::filesystem::path path = dataset.at("path").get<std::string>();
  if (path.empty()) throw UserError("path is empty: name a file, absolute or relative to the current folder");
  return path;
}

void check_own_file(const Json& dataset) {
  const std::filesystem::path path = own_path(dataset);
  if (std::filesystem::is_directory(path))
    throw UserError({path.string()}, dataset.contains("columns") ? "this is a folder: name the file in it"
                                                                 : "this folder holds no picture, sound or volume");
  open_file(path);
  if (!dataset.contains("columns")) return;
  const RatingsLayout layout = ratings_layout(path, ratings_form(dataset));
  const std::string split = dataset.at("split");
  if (!layout.time && (split == "latest" || split == "temporal"))
    throw UserError({path.string()}, "split: " + split +
                                         " needs times, and no column of this file was taken for them: say which with "
                                         "columns: {time: ...}, or ask for split: random");
}

std::string own_content(const Json& dataset) {
  const std::filesystem::path path = own_path(dataset);
  return dataset.contains("columns") ? ratings_layout(path, ratings_form(dataset)).roles() : file_content(path);
}

}  // namespace frugal::data
