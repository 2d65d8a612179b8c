#include "datasets/load/clicks.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "datasets/catalog/locate.hpp"
#include "datasets/clicks/rating_clicks.hpp"
#include "datasets/formats/criteo.hpp"
#include "datasets/load/attributes.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/ratings.hpp"
#include "datasets/synthetic/params.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {

ClickSplit load_clicks(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed) {
  const std::string name = dataset.at("name");
  if (const Generator* generator = find_generator(name); generator && generator->kind == Kind::clicks)
    return synthetic_clicks(clicks_spec(dataset), seed);
  const Manifest& manifest = manifest_of_kind(name, Kind::clicks, data_dirs);
  if (manifest.reader != Reader::criteo) {
    const Ratings ratings = load_ratings(manifest, data_dirs);
    const SideAttributes side = load_attributes(dataset, data_dirs, ratings);
    return clicks_from_ratings(ratings, side, dataset.at("label_rating"), dataset.at("test_fraction"), seed);
  }
  const std::filesystem::path file = locate_all(manifest, data_dirs).front();
  Clicks clicks = read_criteo(file, dataset.at("rows_per_table"), dataset.at("examples"));
  if (clicks.size() < 2) throw UserError({file.string()}, "too few examples to hold some out");
  return hold_out_tail(std::move(clicks), manifest.test_fraction);
}

}  // namespace frugal::data
