#include "datasets/load/clicks.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "datasets/catalog/locate.hpp"
#include "datasets/clicks/rating_clicks.hpp"
#include "datasets/formats/click_table.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/load/attributes.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/own_file.hpp"
#include "datasets/load/ratings.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

ClickSplitRule rule_of(const Json& dataset) {
  return {.how = from_word(click_hold_out_names, "split", dataset.at("split").get<std::string>()),
          .test_fraction = dataset.at("test_fraction")};
}

ClickSplit split_log(const std::filesystem::path& file, const ClickForm& form, const Json& dataset,
                     const ClickSplitRule& rule, std::uint64_t seed) {
  ClickReading reading{.rows_per_table = dataset.at("rows_per_table"), .keys = rule.how != ClickHoldOut::tail};
  if (dataset.contains("examples")) reading.examples = dataset.at("examples");
  ClickLog log = read_click_log(file, form, reading);
  if (log.examples.size() < 2) throw UserError({file.string()}, "too few examples to hold some out");
  ClickSplit split = split_click_log(std::move(log), rule, seed);
  split.protocol = rule.how == ClickHoldOut::tail     ? ", the last of the file"
                   : rule.how == ClickHoldOut::latest ? ", the latest"
                                                      : ", at random";
  return split;
}

/// Its protocol: which examples were held out.
ClickSplit load(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed) {
  const std::string name = dataset.at("name");
  if (const Generator* generator = find_generator(name); generator && generator->kind == Kind::clicks)
    return std::get<ClicksMaker>(generator->make)(dataset, seed)->split();
  if (is_own_file(dataset)) return split_log(own_path(dataset), click_form(dataset), dataset, rule_of(dataset), seed);
  const Manifest& manifest = manifest_of_kind(name, Kind::clicks, data_dirs);
  if (manifest.reader != Reader::clicks) {
    const Ratings ratings = load_ratings(manifest, data_dirs);
    const SideAttributes side = load_attributes(dataset, data_dirs, ratings);
    ClickSplit split =
        clicks_from_ratings(ratings, side, dataset.at("label_rating"), dataset.at("test_fraction"), seed);
    split.protocol = ", at random" + merged_words(ratings.duplicates, ratings_form(manifest.table).duplicates);
    return split;
  }
  const ClickSplitRule rule = manifest.split == DefaultSplit::tail
                                  ? ClickSplitRule{ClickHoldOut::tail, manifest.test_fraction}
                                  : rule_of(dataset);
  return split_log(locate_all(manifest, data_dirs).front(), click_form(manifest.table), dataset, rule, seed);
}

}  // namespace

ClickSplit load_clicks(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed) {
  ClickSplit split = load(dataset, data_dirs, seed);
  const std::uint64_t held_out = split.test.size();
  split.protocol = fmt::format("{} of {} examples{}", held_out, held_out + split.train.size(), split.protocol);
  return split;
}

}  // namespace frugal::data
