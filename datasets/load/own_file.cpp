#include "datasets/load/own_file.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/formats/click_columns.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/formats/signal_file.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {

std::filesystem::path own_path(const Json& dataset) {
  std::filesystem::path path = dataset.at("path").get<std::string>();
  if (path.empty()) throw UserError("path is empty: name a file, absolute or relative to the plan's folder");
  return path;
}

void check_own_file(const Json& dataset) {
  const std::filesystem::path path = own_path(dataset);
  if (std::filesystem::is_directory(path))
    throw UserError({path.string()}, dataset.contains("columns") ? "this is a folder: name the file in it"
                                                                 : "this folder holds no picture, sound or volume");
  open_file(path);
  if (!dataset.contains("columns")) return;
  const bool timed = dataset.at("columns").contains("label")
                         ? click_layout(path, click_form(dataset)).time.has_value()
                         : ratings_layout(path, ratings_form(dataset)).time.has_value();
  const std::string split = dataset.at("split");
  if (!timed && (split == "latest" || split == "temporal"))
    throw UserError({path.string()}, "split: " + split +
                                         " needs times, and no column of this file was taken for them: say which with "
                                         "columns: {time: ...}, or ask for split: random");
}

std::string own_content(const Json& dataset) {
  const std::filesystem::path path = own_path(dataset);
  if (!dataset.contains("columns")) return file_content(path);
  if (!dataset.at("columns").contains("label")) return ratings_layout(path, ratings_form(dataset)).roles();
  const ClickLayout layout = click_layout(path, click_form(dataset));
  return fmt::format("label = {}, {} columns of numbers, {} of categories", layout.key(layout.label),
                     layout.dense.size(), layout.categorical.size());
}

}  // namespace frugal::data
