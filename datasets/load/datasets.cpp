#include "datasets/load/datasets.hpp"

#include <algorithm>
#include <map>

#include "datasets/interactions/split.hpp"
#include "datasets/synthetic/params.hpp"
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

/// What can be asked of the candidates beside each held-out item. given: there are published lists.
Params candidate_params(bool given) {
  std::vector<std::string> laws = words(negative_law_names);
  if (!given) std::erase(laws, to_word(negative_law_names, NegativeLaw::given));
  const std::string first = laws.front();
  return {{"negatives", Type::integer, 99, "candidates beside each held-out item", 1, 1e6},
          word_param("negative_sampling", first,
                     given ? "where candidates come from: the published lists (drawn uniformly where another number is "
                             "asked), or drawn from a user's unseen items"
                           : "how candidates are drawn from a user's unseen items",
                     std::move(laws))};
}

/// What can be asked of files of interactions: how to split them, unless they come split.
Params params_of_interactions(const Manifest& manifest) {
  if (manifest.split == DefaultSplit::given) return candidate_params(true);
  std::vector<std::string> rules = words(hold_out_names);
  if (!manifest.timed) rules = {"random", "ratio"};
  return Params{word_param("split", to_word(default_split_names, *manifest.split),
                           "what is held out: a user's latest or a random interaction, the latest of all, a random "
                           "share",
                           rules),
                {"test_fraction", Type::real, 0.1, "temporal, ratio: share of the interactions held out", 1e-6, 0.9},
                {"min_rating", Type::real, 0.0, "least that counts", 0, 10},
                {"core", Type::integer, 0, "least interactions of a user, of an item", 0, 1e6}} +
         candidate_params(false);
}

Params params_of_manifest(const Manifest& manifest) {
  if (manifest.kind == Kind::interactions) return params_of_interactions(manifest);
  if (manifest.kind != Kind::clicks) return {};
  if (manifest.attributes.empty()) {
    return {{"rows_per_table", Type::integer, 100'000, "rows a category is hashed into", 2, 4e9},
            {"examples", Type::integer, 0, "lines to read from the start; 0: all", 0, 1e10}};
  }
  return {{"label_rating", Type::real, 4.0, "least rating whose label is 1", 0, 10},
          {"test_fraction", Type::real, 0.1, "random share of the ratings held out", 1e-6, 0.9}};
}

}  // namespace

const std::vector<Generator>& generators() {
  static const std::vector<Generator> all{
      {"synthetic-interactions", Kind::interactions,
       "users with tastes, items with a popularity law: low rank by construction, streams at any size",
       interactions_params() + candidate_params(false)},
      {"synthetic-clicks", Kind::clicks,
       "a planted logistic model with effects per id and pairwise interactions; its Bayes AUC is known",
       clicks_params()},
      {"synthetic-photo", Kind::image, "sky, ridges with sharp edges and texture at all scales, at any size", {}},
      {"synthetic-audio", Kind::audio, "gliding notes with overtones and a little noise, at 16 kHz", audio_params()},
      {"synthetic-volume", Kind::volume, "truncated signed distance of a blend of spheres and a ring", volume_params()},
  };
  return all;
}

const Generator* find_generator(std::string_view name) {
  const auto found = std::ranges::find(generators(), name, &Generator::name);
  return found == generators().end() ? nullptr : &*found;
}

std::vector<DatasetEntry> dataset_entries() {
  std::vector<DatasetEntry> entries;
  for (const Manifest& manifest : manifests()) {
    if (manifest.kind == Kind::attributes) continue;  // they come with the interactions they describe
    entries.push_back({manifest.name, manifest.kind, manifest.title, manifest.licence});
  }
  for (const Generator& generator : generators()) {
    entries.push_back({generator.name, generator.kind, generator.help, "generated"});
  }
  entries.push_back({std::string(own_file), Kind::signal,
                     "a file of your own, named by params.inr.image: PNG, WAV, or a NumPy .npy volume or video",
                     "yours"});
  return entries;
}

const std::vector<ParamSpec>& dataset_params(std::string_view name) {
  static const auto all = [] {
    std::map<std::string, Params, std::less<>> of{{std::string(own_file), {}}};
    for (const Manifest& manifest : manifests()) of[manifest.name] = params_of_manifest(manifest);
    for (const Generator& generator : generators()) of[generator.name] = generator.params;
    return of;
  }();
  if (const auto found = all.find(name); found != all.end()) return found->second;
  std::vector<std::string> known;
  for (const DatasetEntry& entry : dataset_entries()) known.push_back(entry.name);
  throw UserError(unknown_word("data set", name, known));
}

Json complete_dataset(const Json& dataset) {
  const std::string name = dataset.at("name");
  const std::vector<ParamSpec>& params = dataset_params(name);
  Node given;
  given.kind = Node::Kind::map;
  for (const auto& [key, value] : dataset.items())
    if (key != "name") given.entries.push_back({key, {}, to_node(value, {key + " of " + name})});
  Json complete = read_params(params, given, "parameter of " + name);
  complete["name"] = name;
  return complete;
}

std::string why_invalid_dataset(const Json& dataset) {
  const Generator* const generator = find_generator(dataset.at("name").get<std::string>());
  if (generator && generator->kind == Kind::interactions)
    return why_invalid(interactions_spec(dataset), dataset.at("negatives"));
  if (generator && generator->kind == Kind::clicks) return why_invalid(clicks_spec(dataset));
  return "";
}

}  // namespace frugal::data
