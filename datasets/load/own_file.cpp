#include "datasets/load/own_file.hpp"

#include <nlohmann/json.hpp>

#include "datasets/formats/click_columns.hpp"
#include "datasets/formats/ratings.hpp"
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

}  // namespace frugal::data
