#include "datasets/load/ratings.hpp"

#include <fmt/format.h>

#include <cassert>

#include "datasets/catalog/locate.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/formats/ratings_parts.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

Ratings load_ratings(const Manifest& manifest, const std::vector<std::filesystem::path>& data_dirs) {
  assert(manifest.reader == Reader::ratings && "parse_manifest() has seen to it");
  const std::filesystem::path file = locate_all(manifest, data_dirs).front();
  return read_ratings(file, ratings_form(manifest.table));
}

std::vector<Ratings> load_rating_parts(const Manifest& manifest, const std::vector<std::filesystem::path>& data_dirs) {
  return read_ratings_parts(locate_all(manifest, data_dirs), ratings_form(manifest.table));
}

std::string merged_words(std::uint64_t merged, Duplicates rule) {
  return merged > 0 ? fmt::format("; {} repeated pairs merged ({})", merged, to_word(duplicates_names, rule)) : "";
}

const Manifest& manifest_of_kind(std::string_view name, Kind kind,
                                 const std::vector<std::filesystem::path>& data_dirs) {
  const Manifest* const manifest = find_manifest(name, data_dirs);
  if (!manifest || manifest->kind != kind)
    throw UserError(fmt::format("data set '{}' holds no {}", name, to_word(kind_names, kind)));
  return *manifest;
}

}  // namespace frugal::data
