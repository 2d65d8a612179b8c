#include "datasets/load/ratings.hpp"

#include <fmt/format.h>

#include <cassert>

#include "datasets/catalog/locate.hpp"
#include "datasets/formats/ratings.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

Ratings load_ratings(const Manifest& manifest, const std::vector<std::filesystem::path>& data_dirs) {
  const std::filesystem::path file = locate_all(manifest, data_dirs).front();
  switch (manifest.reader) {
    case Reader::ml_tab:
      return read_movielens_tab(file);
    case Reader::ml_colons:
      return read_movielens_colons(file);
    case Reader::ml_csv:
      return read_movielens_csv(file);
    case Reader::epinions_tang:
      return read_epinions_tang(file);
    case Reader::epinions_massa:
      return read_epinions_massa(file);
    default:
      break;
  }
  assert(false && "a reader of ratings: parse_manifest() has seen to it");
  return {};
}

const Manifest& manifest_of_kind(std::string_view name, Kind kind) {
  const Manifest* const manifest = find_manifest(name);
  if (!manifest || manifest->kind != kind)
    throw UserError(fmt::format("data set '{}' holds no {}", name, to_word(kind_names, kind)));
  return *manifest;
}

}  // namespace frugal::data
