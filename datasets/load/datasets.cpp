#include "datasets/load/datasets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "datasets/clicks/click_log.hpp"
#include "datasets/formats/click_columns.hpp"
#include "datasets/formats/ncf.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/interactions/split.hpp"
#include "datasets/synthetic/audio.hpp"
#include "datasets/synthetic/params.hpp"
#include "datasets/synthetic/photo.hpp"
#include "datasets/synthetic/volume.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::data {
namespace {

using Type = ParamSpec::Type;
using Params = std::vector<ParamSpec>;

Params operator+(Params params, const Params& more) {
  params.insert(params.end(), more.begin(), more.end());
  return params;
}

ParamSpec word_param(std::string name, std::string_view chosen, std::string help, std::vector<std::string> choices) {
  return {.name = std::move(name),
          .type = Type::string,
          .default_value = chosen,
          .help = std::move(help),
          .choices = std::move(choices)};
}

/// What can be asked of the candidates beside each held-out item. listed: how many the published lists hold; none: there are
/// no lists.
Params candidate_params(std::optional<int> listed) {
  std::vector<std::string> laws = words(negative_law_names);
  if (!listed) std::erase(laws, to_word(negative_law_names, NegativeLaw::given));
  const std::string first = laws.front();
  return {
      {"negatives", Type::integer, listed.value_or(fewest_negatives), "candidates beside each held-out item", 1, 1e6},
      word_param("negative_sampling", first,
                 listed ? "where candidates come from: the published lists (drawn uniformly where another number is "
                          "asked), or drawn from a user's unseen items"
                        : "how candidates are drawn from a user's unseen items",
                 std::move(laws))};
}

/// What can be asked of files that come split into train, validation and test.
Params parts_params() {
  return {
      word_param("hold_out", to_word(held_part_names, HeldPart::test),
                 "test: the file of tests, and what validates is trained on; validation: that file, and what tests is "
                 "left out, to choose settings by",
                 words(held_part_names))};
}

/// What can be asked of files that come split with candidates, `listed` in each list.
Params lists_params(int listed) {
  return Params{
             word_param("lists", to_word(ncf_lists_names, NcfLists::published),
                        "negatives that the user has in training, and users without training: published: kept, as the "
                        "published code does; cleaned: left out",
                        words(ncf_lists_names))} +
         candidate_params(listed);
}

/// What can be asked of ratings: how to split them. timed: may they have times?
Params split_params(DefaultSplit split, bool timed) {
  std::vector<std::string> rules = words(hold_out_names);
  if (!timed)
    for (const HoldOut by_time : {HoldOut::latest, HoldOut::temporal})
      std::erase(rules, to_word(hold_out_names, by_time));
  return Params{word_param("split", to_word(default_split_names, split),
                           "what is held out: a user's latest or a random interaction, the latest of all, a random "
                           "share",
                           rules),
                {"test_fraction", Type::real, 0.1, "temporal, ratio: share of the interactions held out", 1e-6, 0.9},
                {"min_rating", Type::real, 0.0, "lower ratings are left out; 0: none is, negative ones neither",
                 -largest_rating, largest_rating},
                {"core", Type::integer, 0, "least interactions of a user, of an item", 0, 1e6}} +
         candidate_params(std::nullopt);
}

ParamSpec rows_param() {
  return {
      "rows_per_table", Type::integer, 100'000, "most rows of a table; more categories are hashed into them", 2, 4e9};
}

/// What can be asked of a click log: how to split it. timed: may it have times?
Params click_split_params(DefaultSplit split, bool timed) {
  std::vector<std::string> rules = words(click_hold_out_names);
  if (!timed) std::erase(rules, to_word(click_hold_out_names, ClickHoldOut::latest));
  return {rows_param(),
          word_param("split", to_word(default_split_names, split),
                     "what is held out: a random share, the latest, or the last lines of the file", std::move(rules)),
          {"test_fraction", Type::real, 0.1, "share of the examples held out", 1e-6, 0.9}};
}

Params params_of_manifest(const Manifest& manifest) {
  if (manifest.kind == Kind::interactions)
    return manifest.split != DefaultSplit::given ? split_params(*manifest.split, manifest.timed)
           : manifest.reader == Reader::ncf      ? lists_params(manifest.negatives)
                                                 : parts_params();
  if (manifest.kind != Kind::clicks) return {};
  if (manifest.reader == Reader::clicks) {
    if (manifest.split != DefaultSplit::tail) return click_split_params(*manifest.split, manifest.timed);
    return {rows_param(), {"examples", Type::integer, 0, "lines to read from the start; 0: all", 0, 1e10}};
  }
  return {{"label_rating", Type::real, 4.0, "least rating whose label is 1", 0, 10},
          {"test_fraction", Type::real, 0.1, "random share of the ratings held out", 1e-6, 0.9}};
}

Params path_param(std::string help) {
  return {{.name = "path", .type = Type::string, .default_value = nullptr, .help = std::move(help)}};
}

/// `own_file` for each kind.
std::vector<DatasetEntry> own_entries() {
  const auto entry = [](Kind kind, std::string help, Params params) {
    return DatasetEntry{std::string(own_file), kind, std::move(help), "yours", std::move(params)};
  };
  return {
      entry(Kind::interactions,
            "ratings, purchases or plays of your own: a text table with a row for each, plain or compressed",
            path_param("the file: text, or text in gz, zst, xz, bz2 or zip") + ratings_params() +
                split_params(DefaultSplit::latest, true)),
      // Rows of a log have no order that its reader could know of: a random share is the split that fits any file, and
      // the same for the same rows however they are sorted.
      entry(Kind::clicks, "a click log of your own, or any examples labelled 0 or 1: a text table with a row for each",
            path_param("the file: text, or text in gz, zst, xz, bz2 or zip") + click_table_params() +
                click_split_params(DefaultSplit::random, true)),
      entry(Kind::signal,
            "a picture, sound or volume of your own, or a folder of them: PNG, JPEG, WAV, FLAC, OGG, .npy",
            path_param("the file"))};
}

}  // namespace

bool is_own_file(const Json& dataset) { return dataset.at("name") == own_file; }

const std::vector<Generator>& generators() {
  static const std::vector<Generator> all{
      {"synthetic-interactions", Kind::interactions,
       "users with tastes, items with a popularity law: low rank by construction, streams at any size",
       interactions_params() + candidate_params(std::nullopt),
       InteractionsMaker([](const Json& dataset, std::uint64_t seed) -> std::unique_ptr<InteractionsStream> {
         return std::make_unique<InteractionsGenerator>(interactions_spec(dataset), seed);
       }),
       [](const Json& dataset) { return why_invalid(interactions_spec(dataset), dataset.at("negatives")); }},
      {"synthetic-clicks", Kind::clicks,
       "a planted logistic model with effects per id and pairwise interactions; its Bayes AUC is known",
       clicks_params(), ClicksMaker([](const Json& dataset, std::uint64_t seed) -> std::unique_ptr<ClicksStream> {
         return std::make_unique<ClicksGenerator>(clicks_spec(dataset), seed);
       }),
       [](const Json& dataset) { return why_invalid(clicks_spec(dataset)); }},
      {"synthetic-photo",
       Kind::image,
       "sky, ridges with sharp edges and texture at all scales, at any size",
       {},
       SignalMaker{[](const Json&, int size) { return synthetic_photo_shape(size); },
                   [](const Json&, int size, std::uint64_t seed) { return synthetic_photo(size, seed); }}},
      {"synthetic-audio", Kind::audio, "gliding notes with overtones and a little noise, at 16 kHz", audio_params(),
       SignalMaker{
           [](const Json& dataset, int) { return synthetic_audio_shape(dataset.at("samples")); },
           [](const Json& dataset, int, std::uint64_t seed) { return synthetic_audio(dataset.at("samples"), seed); }}},
      {"synthetic-volume", Kind::volume, "truncated signed distance of a blend of spheres and a ring", volume_params(),
       SignalMaker{
           [](const Json& dataset, int) { return synthetic_volume_shape(dataset.at("side")); },
           [](const Json& dataset, int, std::uint64_t seed) { return synthetic_volume(dataset.at("side"), seed); }}},
  };
  return all;
}

const Generator* find_generator(std::string_view name) {
  const auto found = std::ranges::find(generators(), name, &Generator::name);
  return found == generators().end() ? nullptr : &*found;
}

std::vector<DatasetEntry> dataset_entries(const std::vector<std::filesystem::path>& data_dirs) {
  std::vector<DatasetEntry> entries;
  for (const Manifest& manifest : manifests(data_dirs)) {
    if (manifest.kind == Kind::attributes) continue;  // they come with the interactions they describe
    entries.push_back({manifest.name, manifest.kind, manifest.title, manifest.licence, params_of_manifest(manifest)});
  }
  for (const Generator& generator : generators())
    entries.push_back({generator.name, generator.kind, generator.help, "generated", generator.params});
  for (DatasetEntry& own : own_entries()) entries.push_back(std::move(own));
  return entries;
}

Json complete_dataset(const Json& dataset, Kind own, const std::vector<std::filesystem::path>& data_dirs) {
  const std::string name = dataset.at("name");
  const std::vector<DatasetEntry> entries = dataset_entries(data_dirs);
  const auto entry = std::ranges::find_if(
      entries, [&](const DatasetEntry& one) { return one.name == name && (name != own_file || one.kind == own); });
  if (entry == entries.end()) {
    std::vector<std::string> known;
    for (const DatasetEntry& one : entries)
      if (std::ranges::find(known, one.name) == known.end()) known.push_back(one.name);
    throw UserError(unknown_word("data set", name, known));
  }
  Json given = dataset;
  given.erase("name");
  Json complete = read_params(entry->params, given, "parameter of " + name, name);
  complete["name"] = name;
  return complete;
}

std::string why_invalid_dataset(const Json& dataset) {
  const Generator* const generator = find_generator(dataset.at("name").get<std::string>());
  return generator && generator->why_invalid ? generator->why_invalid(dataset) : "";
}

}  // namespace frugal::data
